"""`python -m asimati` is `asimati`."""

from asimati.cli import main

main()
