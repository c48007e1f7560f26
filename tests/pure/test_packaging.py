"""The files for containers and systemd name only what is there, and give nothing away. No container was built here."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from controlplane import up
from controlplane.home import CHECKOUT

UNITS = sorted((CHECKOUT / "packaging" / "systemd").glob("*.service"))
COMPOSE = YAML(typ="safe").load((CHECKOUT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
CONTAINERFILE = (CHECKOUT / "Containerfile").read_text()
FILES = [CHECKOUT / "compose.yaml", CHECKOUT / "Containerfile", *UNITS]


def unit(path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(path)
    return parser


def commands() -> dict[str, list[str]]:
    """Return what each file runs, by file and process."""
    found = {f"systemd {path.stem}": shlex.split(unit(path)["Service"]["ExecStart"]) for path in UNITS}
    found |= {f"compose {name}": service["command"] for name, service in OURS.items() if "command" in service}
    image = re.search(r"^CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)[1]
    return found | {"compose web": YAML(typ="safe").load(image)}


def test_there_is_a_unit_and_a_service_for_each_process():
    assert {path.stem for path in UNITS} == {"countersign-web", "countersign-worker", "countersign-clock"}
    assert set(OURS) == {"setup", "web", "worker", "clock"}


@pytest.mark.parametrize("where", ["systemd countersign-web", "compose web"])
def test_the_web_process_runs_as_up_runs_it_but_for_its_address(where):
    words = commands()[where]
    assert words[1:4] == ["-m", "uvicorn", "controlplane.asgi:application"]
    mine, ours = words[4:], ["--port", "8000", *up.UVICORN_OPTIONS]
    mine[mine.index("--host") + 1] = ours[ours.index("--host") + 1] = "HOST"
    assert sorted(mine) == sorted(ours)


@pytest.mark.parametrize("where", ["systemd countersign-worker", "compose worker"])
def test_the_worker_runs_as_up_runs_it(where):
    words = commands()[where]
    assert words[1:] == ["manage.py", "worker"]
    assert SERVICES["worker"]["environment"] == {"REMAP_SIGTERM": "SIGQUIT"}
    assert "REMAP_SIGTERM=SIGQUIT" in (CHECKOUT / "packaging/systemd/countersign-worker.service").read_text()


@pytest.mark.parametrize("name", ["web", "worker", "clock"])
def test_what_the_page_says_to_type_is_what_the_unit_runs(name):
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    assert " ".join(commands()[f"systemd countersign-{name}"][1:]) in page


def test_the_settings_on_the_page_read_the_same_to_systemd_and_a_shell():
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    [block] = re.findall(r"```sh\n( *COUNTERSIGN_HOME=\S+\n.*?)```", page, re.DOTALL)
    for line in block.split("\n"):
        # systemd knows no comment behind a value: it would be part of it.
        assert re.fullmatch(r"( *#.*|\s*[A-Z_]+=[^\s#]+)?\s*", line), line
    home = unit(UNITS[0])["Service"]["StateDirectory"]
    assert f"COUNTERSIGN_HOME=/var/lib/{home}\n" in block


def test_every_command_that_is_named_exists():
    text = "".join(path.read_text() for path in FILES)
    ours = {path.stem for path in (CHECKOUT / "controlplane/management/commands").glob("*.py")}
    named = set(re.findall(r'manage\.py(?:", "| )([a-z_]+)(?!\.)\b', text))
    assert {"clock", "migrate", "collectstatic", "doctor"} <= named <= ours | {"collectstatic"}


def test_every_variable_that_is_named_is_a_setting():
    text = "".join(path.read_text() for path in FILES)
    page = (CHECKOUT / "docs" / "settings.md").read_text()
    named = set(re.findall(r"\b(?:COUNTERSIGN_[A-Z_]+|DATABASE_[A-Z_]*URL|REDIS_URL)\b", text))
    assert named and [name for name in named if f"| `{name}` |" not in page] == []


def test_every_folder_that_is_copied_exists_and_is_let_in():
    let_in = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--)(.+)$", CONTAINERFILE, re.MULTILINE)]
    for name in (name for names in copied for name in names):
        assert (CHECKOUT / name).exists() and name.split("/")[0] in let_in, name


def test_what_is_installed_is_what_is_locked():
    assert "--require-hashes -r requirements/runtime.txt" in CONTAINERFILE
    assert (CHECKOUT / "requirements/runtime.txt").exists()


def test_a_reaper_is_the_first_process_and_nobody_is_root():
    assert 'ENTRYPOINT ["tini", "--"]' in CONTAINERFILE and "init" not in SERVICES["web"]
    assert re.findall(r"^USER (.+)$", CONTAINERFILE, re.MULTILINE) == ["10001"]
    for service in OURS.values():
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001", True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_this_machine_reaches_anything():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_everything_that_lives_has_a_health_check():
    assert [name for name, service in SERVICES.items() if "healthcheck" not in service] == ["setup"]


def test_no_file_holds_a_secret_and_only_setup_comes_as_the_owner():
    for path in FILES:
        assert not re.search(
            r"(?i)(?:password|token|secret)\w*[ ]?[:=][ ]?['\"]?[\w-]{8,}|://\w+:\w+@", path.read_text()
        ), path
    assert [name for name in OURS if "countersign-owner.env" in SERVICES[name]["env_file"]] == ["setup"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd isn't on this machine")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_the_unit_and_finds_little_exposed(path, tmp_path):
    text = path.read_text().replace("/opt/countersign/.venv/bin/python", sys.executable)
    copy = tmp_path / path.name
    copy.write_text(re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE))
    checked = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    shutil.copy(path, copy)
    exposed = ["systemd-analyze", "security", "--offline=true", "--threshold=30", copy]
    assert subprocess.run(exposed, capture_output=True, text=True, check=False).returncode == 0
