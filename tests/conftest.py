"""For all tests: signals as a process has them by default, also where pytest runs under nohup."""

from __future__ import annotations

import signal

signal.signal(signal.SIGHUP, signal.SIG_DFL)
