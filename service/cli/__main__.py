"""`python -m service.cli` is `copperplate`."""

from service.cli import main

main(prog_name="copperplate")
