"""Runs every notebook from top to bottom, and refuses one that holds outputs.

Needs VIGIE, the path of the built program. The notebooks themselves are not changed.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent


def holds_outputs(notebook):
    """Whether a cell holds what an earlier run printed: that would be committed, and grow old."""
    return any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells if cell.cell_type == "code")


def main():
    failed = 0
    paths = sorted(HERE.glob("[0-9]*.ipynb"))
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        if holds_outputs(notebook):
            print(f"FAIL  {path.name}: holds outputs; clear them before the commit")
            failed += 1
            continue
        began = time.monotonic()
        try:
            client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": HERE.parent}})
            client.create_kernel_manager()
            client.km.transport = "ipc"  # no ports: two runs beside each other do not meet
            client.execute()
        except CellExecutionError as error:
            print(f"FAIL  {path.name}: {error}")
            failed += 1
            continue
        print(f"ok    {path.name} ({time.monotonic() - began:.1f} s)")
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                text = output.get("text") or output.get("data", {}).get("text/plain", "")
                print("".join(f"      {line}\n" for line in text.splitlines()), end="")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
