"""The wheel is what users install."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the tools that the lock holds, without a network."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", out, ROOT]
    subprocess.run(list(map(str, command)), check=True)
    [found] = out.glob("understudy-*.whl")
    return found


def test_the_wheel_holds_three_packages_and_nothing_else(wheel: Path) -> None:
    """Tests, notes and benchmarks stay at home."""
    top = {name.split("/", 1)[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"connector", "judges", "rollouts"}


def test_the_wheel_runs_from_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """`understudy --version` works where nothing but the wheel and its dependencies is installed."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    site = subprocess.check_output(
        [str(python), "-c", "import site; print(site.getsitepackages()[0])"], text=True
    ).strip()
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True)
    # The dependencies of the lock are lent from the environment that runs the tests; the project itself is not.
    lent = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    (Path(site) / "lent.pth").write_text(lent)
    said = subprocess.run(
        [str(home / "bin" / "understudy"), "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout.startswith("understudy ")
    where = subprocess.check_output(
        [str(python), "-c", "import connector; print(connector.__file__)"], text=True, cwd=tmp_path
    )
    assert where.startswith(str(home))
