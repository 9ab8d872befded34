"""SSH to the nodes. This package is the only place that sees paramiko.

It stands on paramiko's `Transport`, not on `fabric.Connection`, whose habits (fabric 3.2) work
against what is promised here: it accepts unknown host keys; each connection opens gateways of
its own and closes them with itself, so that none can be shared; its `run` decodes all output,
reads standard input character by character and waits without a limit of its own for the channel.
`paramiko.SSHClient` tries the password as a passphrase, offers only the first known key type,
and cannot tell which line of known_hosts disagrees.
"""

from tasks.effects.ssh.connections import Connections

__all__ = ["Connections"]
