"""What scripts/setup.sh decides, on a machine whose Python, pip and apt-get only write down that they were called."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SYSTEM_PROGRAMS = (
    *("bash", "cat", "chmod", "cp", "dirname", "env", "flock", "head", "id", "mkdir"),
    *("mv", "readlink", "realpath", "rm", "sha256sum", "tail", "touch", "true"),
)

PYTHON = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
*'import venv, ensurepip'*) [ ! -e "$MACHINE/venv-module-is-missing" ] ;;
'-m venv '*)
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
    cp "$0" "$3/bin/python"
    touch "$3/bin/pip"
    chmod +x "$3/bin/pip" ;;
'-m pip install '*)
    [ ! -e "$MACHINE/pip-fails-with" ] || { cat "$MACHINE/pip-fails-with"; exit 1; } ;;
*'-m pantrybox'*) echo "pantrybox in $PWD" ;;
*) : ;;
esac
"""

APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case "$*" in *install*) rm -f "$MACHINE/venv-module-is-missing" ;; esac
"""


class Machine:
    """A checkout of the scripts, and a PATH on which nothing is real that could change this computer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.checkout = folder / "a checkout"
        self.calls_file = folder / "calls"
        self.programs.mkdir()
        (self.checkout / "scripts").mkdir(parents=True)
        for name in ("setup.sh", "run"):
            shutil.copy(SCRIPTS / name, self.checkout / "scripts" / name)
        self.write_lock("one==1")
        (self.checkout / "requirements-dev.lock").write_text("two==2")
        for name in SYSTEM_PROGRAMS:
            (self.programs / name).symlink_to(shutil.which(name) or name)
        self.has("sync", "#!/bin/sh")

    def has(self, program: str, text: str) -> None:
        path = self.programs / program
        path.unlink(missing_ok=True)  # written through its link, the computer's own program would be overwritten
        path.write_text(f"{text}\n")
        path.chmod(0o755)

    def write_lock(self, text: str) -> None:
        (self.checkout / "requirements.lock").write_text(text)

    def says(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text)

    def start(self, *command: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command or (self.checkout / "scripts" / "run",),
            cwd=cwd or self.checkout,
            env={
                "PATH": str(self.programs),
                "MACHINE": str(self.folder),
                "CALLS": str(self.calls_file),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str | Path, cwd: Path | None = None, **environment: str) -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        process = self.start(*command, cwd=cwd, **environment)
        stdout, stderr = process.communicate()
        return process.returncode, stdout, stderr

    def set_up(self, *locks: str) -> tuple[int, str, str]:
        return self.run(self.checkout / "scripts" / "setup.sh", *locks)

    def calls(self, containing: str = "") -> list[str]:
        """Calls since the last question."""
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        self.calls_file.unlink(missing_ok=True)
        return [line for line in text.splitlines() if containing in line]


@pytest.fixture
def bare_machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def machine(bare_machine: Machine) -> Machine:
    bare_machine.has("python3", PYTHON)
    return bare_machine


def last_line(text: str) -> str:
    return text.splitlines()[-1]


def test_without_python_it_says_what_to_install(bare_machine: Machine) -> None:
    status, stdout, stderr = bare_machine.run()
    assert (status, stdout) == (1, "")
    assert stderr == (
        "No 64-bit Python 3.11 or newer was found: type 'sudo apt-get install python3-venv', "
        "or name one with PYTHON=PATH, then start this again.\n"
    )


def test_too_old_a_python_is_no_python(bare_machine: Machine) -> None:
    bare_machine.has("python3", "#!/bin/sh\nexit 1")
    assert "No 64-bit Python 3.11" in bare_machine.run()[2]


def test_a_newer_python_beside_an_old_one_is_found(bare_machine: Machine) -> None:
    bare_machine.has("python3", "#!/bin/sh\nexit 1")
    bare_machine.has("python3.12", PYTHON)
    assert bare_machine.run()[0] == 0


def test_a_python_that_was_named_is_not_replaced_by_another(machine: Machine) -> None:
    status, _, stderr = machine.run(PYTHON="/nowhere/python3")
    assert status == 1
    assert "PYTHON=/nowhere/python3 is no 64-bit Python 3.11 or newer" in stderr


def test_without_the_venv_module_it_names_the_package(machine: Machine) -> None:
    machine.says("venv-module-is-missing")
    status, _, stderr = machine.run()
    assert status == 1
    assert stderr == (
        "Python's venv module is missing: type 'sudo apt-get install python3-venv', then start this again.\n"
    )
    assert not (machine.checkout / ".venv").exists()


def test_the_venv_module_is_installed_where_that_is_allowed(machine: Machine) -> None:
    machine.says("venv-module-is-missing")
    machine.has("apt-get", APT_GET)
    machine.has("sudo", '#!/bin/sh\nshift\nexec "$@"')
    assert machine.run()[0] == 0
    assert last_line("\n".join(machine.calls("apt-get"))).endswith("--no-install-recommends python3-venv")


def test_failed_system_package_ends_with_what_to_do(machine: Machine) -> None:
    machine.says("venv-module-is-missing")
    machine.has("apt-get", "#!/bin/sh\necho 'Temporary failure resolving'\nexit 100")
    machine.has("sudo", '#!/bin/sh\nshift\nexec "$@"')
    status, _, stderr = machine.run()
    assert status == 1
    assert "connect this machine" in last_line(stderr)


def test_first_start_installs_the_lock_with_hashes_required_and_wheels_only(machine: Machine) -> None:
    assert machine.run()[0] == 0
    (install,) = machine.calls("pip install")
    assert "--require-hashes" in install
    assert "--only-binary=:all:" in install
    assert install.endswith(f"--requirement {machine.checkout}/requirements.lock")


def test_second_start_goes_straight_to_the_command(machine: Machine) -> None:
    machine.run()
    machine.says("pip-fails-with", "pip was called")
    machine.calls()
    assert machine.run() == (0, f"pantrybox in {machine.checkout}\n", "")
    assert machine.calls() == ["-P -m pantrybox demo"]


def test_changed_lock_is_installed_into_the_venv_that_is_there(machine: Machine) -> None:
    machine.run()
    machine.calls()
    machine.write_lock("one==2")
    machine.run()
    calls = machine.calls()
    assert [call for call in calls if "pip install" in call]
    assert not [call for call in calls if "-m venv" in call]


def test_the_extra_stays_and_grows_with_the_rest_once_it_was_asked_for(machine: Machine) -> None:
    (machine.checkout / "requirements-ocr.lock").write_text("extra==1")
    machine.run()
    assert not machine.calls("requirements-ocr.lock")
    machine.set_up("requirements.lock", "requirements-ocr.lock")
    assert machine.calls("requirements-ocr.lock")
    machine.run()
    assert not machine.calls("pip install")
    machine.write_lock("one==2")
    machine.run()
    (install,) = machine.calls("pip install")
    assert install.endswith("requirements-ocr.lock")


def test_what_the_tests_need_contains_what_a_start_needs(machine: Machine) -> None:
    machine.set_up("requirements.lock", "requirements-dev.lock")
    machine.calls()
    machine.set_up("requirements.lock")
    assert machine.calls() == []


def test_what_a_start_needs_is_not_enough_for_the_tests(machine: Machine) -> None:
    machine.set_up("requirements.lock")
    machine.calls()
    machine.set_up("requirements.lock", "requirements-dev.lock")
    assert len(machine.calls("pip install")) == 1


def test_interrupted_set_up_begins_again_from_nothing(machine: Machine) -> None:
    machine.says("pip-fails-with", "")
    assert machine.run()[0] == 1
    (machine.checkout / ".venv" / "half-copied").touch()
    (machine.folder / "pip-fails-with").unlink()
    assert machine.run()[0] == 0
    assert not (machine.checkout / ".venv" / "half-copied").exists()


def test_venv_made_by_hand_is_taken_over(machine: Machine) -> None:
    machine.run("python3", "-m", "venv", machine.checkout / ".venv")
    machine.calls()
    machine.run()
    calls = machine.calls()
    assert [call for call in calls if "pip install" in call]
    assert not [call for call in calls if "-m venv" in call]


def test_venv_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.run()
    (machine.checkout / ".venv" / "bin" / "python").unlink()
    (machine.checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    machine.calls()
    assert machine.run()[0] == 0
    assert len(machine.calls("-m venv")) == 1


def test_venv_of_another_python_version_is_made_anew(machine: Machine) -> None:
    machine.run()
    newer = machine.checkout / ".venv" / "bin" / "python3.99"
    (machine.checkout / ".venv" / "bin" / "python").rename(newer)
    (machine.checkout / ".venv" / "bin" / "python").symlink_to(newer)
    machine.calls()
    assert machine.run()[0] == 0
    assert len(machine.calls("-m venv")) == 1


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("Failed to establish a new connection: Temporary failure in name resolution", "connect this machine"),
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "clock is right"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the locked one"),
        ("No matching distribution found for one==1", "no ready-made package"),
        ("something new", "safe to start it again"),
    ],
)
def test_failed_step_ends_with_what_to_do(machine: Machine, words: str, advice: str) -> None:
    machine.says("pip-fails-with", words)
    status, stdout, stderr = machine.run()
    assert (status, stdout) == (1, "")
    assert words in stderr
    assert advice in last_line(stderr)


def test_two_at_once_install_once(machine: Machine) -> None:
    both = [machine.start(), machine.start()]
    assert [process.communicate()[0] and process.returncode for process in both] == [0, 0]
    assert len(machine.calls("pip install")) == 1


def test_arguments_and_working_directory_are_the_users(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "anywhere"
    link.symlink_to(machine.checkout / "scripts" / "run")
    assert machine.run(link, "detect", "two words.jpg", cwd=tmp_path)[1] == f"pantrybox in {tmp_path}\n"
    assert machine.calls()[-1] == "-P -m pantrybox detect two words.jpg"


def test_checkout_is_importable_and_has_its_launcher(machine: Machine) -> None:
    machine.run()
    venv = machine.checkout / ".venv"
    path_file = venv / "lib" / "python3.11" / "site-packages" / "pantrybox.pth"
    assert (path_file.parent / path_file.read_text().strip()).resolve() == machine.checkout
    machine.calls()
    machine.run(venv / "bin" / "pantrybox", "--version")
    assert machine.calls() == [f"{venv}/bin/pantrybox --version"]


def test_scripts_can_be_started() -> None:
    assert all(os.access(SCRIPTS / name, os.X_OK) for name in ("run", "test", "setup.sh"))
