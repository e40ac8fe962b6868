"""python -m jaxgan."""

from jaxgan.cli import main

raise SystemExit(main())
