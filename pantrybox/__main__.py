"""`python -m pantrybox` is the `pantrybox` command."""

from pantrybox.cli.main import main

if __name__ == "__main__":
    main()
