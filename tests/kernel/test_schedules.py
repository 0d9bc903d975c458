"""Schedules: which instants an expression means when clocks change, and that each fires once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.jobs import Job, Schedule
from kernel.schedules import MOST_CAUGHT_UP, Planner, instants, missed
from tests import cluster
from tests.kernel.workshop import EFFECT, House, build, wait_until

SANTIAGO = ZoneInfo("America/Santiago")
"""4 April 2026: 23:00 to 24:00 happens twice. 6 September 2026: 00:00 to 01:00 doesn't exist."""

LIMA = ZoneInfo("America/Lima")


def local(cron: str, after: str, count: int, zone: ZoneInfo = SANTIAGO) -> list[str]:
    """Return the next instants as local times with their offsets."""
    start = datetime.fromisoformat(after)
    found = instants(cron, zone, start)
    return [next(found).astimezone(zone).isoformat(timespec="minutes") for _ in range(count)]


BEFORE_AUTUMN = "2026-04-04T12:00-03:00"
BEFORE_SPRING = "2026-09-05T12:00-04:00"


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        (
            "30 23 * * *",
            BEFORE_AUTUMN,
            ["2026-04-04T23:30-03:00", "2026-04-05T23:30-04:00"],
        ),
        (
            "*/30 23 * * *",
            BEFORE_AUTUMN,
            ["2026-04-04T23:00-03:00", "2026-04-04T23:30-03:00", "2026-04-05T23:00-04:00"],
        ),
        # From within the second pass: the first one was today's.
        ("30 23 * * *", "2026-04-04T23:10-04:00", ["2026-04-05T23:30-04:00"]),
        ("0 0 * * *", BEFORE_AUTUMN, ["2026-04-05T00:00-04:00"]),
        (
            "30 * * * *",
            "2026-04-04T22:40-03:00",
            ["2026-04-04T23:30-03:00", "2026-04-04T23:30-04:00", "2026-04-05T00:30-04:00"],
        ),
    ],
)
def test_instants_repeated_hour_first_time_only(cron: str, after: str, expected: list[str]) -> None:
    assert local(cron, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        (
            "30 0 * * *",
            BEFORE_SPRING,
            ["2026-09-06T01:00-03:00", "2026-09-07T00:30-03:00"],
        ),
        (
            "0,15,30 0 * * *",
            BEFORE_SPRING,
            ["2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00", "2026-09-07T00:15-03:00"],
        ),
        ("*/15 0 * * *", BEFORE_SPRING, ["2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00"]),
        (
            "0 0,1 * * *",
            BEFORE_SPRING,
            ["2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00", "2026-09-07T01:00-03:00"],
        ),
        (
            "0 */6 * * *",
            BEFORE_SPRING,
            ["2026-09-05T18:00-04:00", "2026-09-06T01:00-03:00", "2026-09-06T06:00-03:00"],
        ),
        (
            "30 * * * *",
            "2026-09-05T23:00-04:00",
            ["2026-09-05T23:30-04:00", "2026-09-06T01:30-03:00"],
        ),
        (
            "0 * * * 0",
            "2026-09-05T23:00-04:00",
            ["2026-09-06T01:00-03:00", "2026-09-06T02:00-03:00"],
        ),
    ],
)
def test_instants_missing_hour_first_minute_after(
    cron: str, after: str, expected: list[str]
) -> None:
    assert local(cron, after, len(expected)) == expected


@pytest.mark.parametrize("cron", ["30 23 * * *", "*/20 0 * * *", "7 * * * *", "0 */6 * * *"])
def test_instants_from_anywhere_in_the_year_same_series(cron: str) -> None:
    start = datetime(2026, 3, 20, tzinfo=UTC)
    end = datetime(2026, 9, 20, tzinfo=UTC)
    series = []
    for instant in instants(cron, SANTIAGO, start):
        if instant > end:
            break
        series.append(instant)
    assert series == sorted(set(series))
    found, after = [], start
    while after <= series[-2]:
        after = next(instants(cron, SANTIAGO, after + timedelta(microseconds=1)))
        found.append(after)
    assert found == series


def test_instants_lima_plain() -> None:
    assert local("0 8 1 * *", "2026-01-15T00:00-05:00", 2, LIMA) == [
        "2026-02-01T08:00-05:00",
        "2026-03-01T08:00-05:00",
    ]


def test_missed_latest_returns_last_one() -> None:
    schedule = Schedule("s", "0 * * * *", "note")
    after = datetime(2020, 1, 1, tzinfo=UTC)
    until = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    assert missed(schedule, LIMA, after, until) == [datetime(2026, 1, 1, 12, tzinfo=UTC)]


def test_missed_all_returns_each_up_to_the_limit() -> None:
    schedule = Schedule("s", "*/5 * * * *", "note", "all")
    until = datetime(2026, 1, 1, 12, 1, tzinfo=UTC)
    few = missed(schedule, LIMA, until - timedelta(minutes=12), until)
    assert [instant.minute for instant in few] == [50, 55, 0]
    many = missed(schedule, LIMA, until - timedelta(days=90), until)
    assert len(many) == MOST_CAUGHT_UP
    assert many[-1] == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_missed_rare_schedule_found_years_later() -> None:
    schedule = Schedule("s", "0 0 29 2 *", "note")
    after = datetime(2024, 1, 1, tzinfo=UTC)
    until = datetime(2027, 6, 1, tzinfo=UTC)
    (found,) = missed(schedule, LIMA, after, until)
    assert found.astimezone(LIMA).date().isoformat() == "2024-02-29"


@pytest.mark.parametrize("cron", ["", "* * * *", "61 * * * *", "0 0 31 2 *", "* * * * * *", "x"])
def test_schedule_bad_expression_refused(cron: str) -> None:
    with pytest.raises(ConfigurationError, match="nightly"):
        Schedule("nightly", cron, "note")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def tell(ctx: Ctx, planned_at: str) -> None:
    """Leave the minute of the planned instant."""
    ctx.sql(EFFECT, job=0, n=datetime.fromisoformat(planned_at).minute)


TELL = Job("tell", tell)
EVERY_MINUTE = Schedule("minutely", "* * * * *", "tell")
EACH_MINUTE = Schedule("each", "* * * * *", "tell", "all")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(clock: Clock) -> Iterator[House]:
    cluster.ensure_template("jobs", build)
    made = House(cluster.create_database("jobs"), clock=clock)
    yield made
    made.close()


def planned(house: House) -> list[datetime]:
    """Return the planned instants that became a job."""
    rows = house.rows(
        "SELECT r.planned_at FROM andes_schedule_runs r JOIN andes_jobs j ON j.id = r.job_id "
        "WHERE j.run_at = r.planned_at ORDER BY 1"
    )
    return [row["planned_at"].astimezone(UTC) for row in rows]


def test_plan_first_seen_fires_from_then_on(house: House, clock: Clock) -> None:
    planner = Planner(house.runtime(TELL, schedules=(EVERY_MINUTE,)))
    assert planner.plan() == []
    clock.now += timedelta(seconds=29)
    assert planner.plan() == []
    clock.now += timedelta(seconds=1)
    assert len(planner.plan()) == 1
    assert planner.plan() == []
    assert planned(house) == [datetime(2026, 5, 4, 12, 1, tzinfo=UTC)]


def test_plan_two_processes_at_once_each_instant_once(house: House, clock: Clock) -> None:
    planners = [Planner(house.runtime(TELL, schedules=(EVERY_MINUTE,))) for _ in range(4)]
    planners[0].plan()
    for _ in range(5):
        clock.now += timedelta(minutes=1)
        threads = [threading.Thread(target=one.plan) for one in planners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        planners[0].plan()
    assert [instant.minute for instant in planned(house)] == [1, 2, 3, 4, 5]
    assert house.rows("SELECT count(*) FROM andes_jobs")[0]["count"] == 5


def test_plan_after_downtime_latest_or_all(house: House, clock: Clock) -> None:
    Planner(house.runtime(TELL, schedules=(EVERY_MINUTE, EACH_MINUTE))).plan()
    clock.now += timedelta(minutes=7)
    again = Planner(house.runtime(TELL, schedules=(EVERY_MINUTE, EACH_MINUTE)))
    assert len(again.plan()) == 1 + 7
    rows = house.rows("SELECT args FROM andes_jobs ORDER BY run_at")
    assert rows[0]["args"] == {"planned_at": "2026-05-04T12:01:00+00:00"}
    assert again.plan() == []


def test_plan_clock_set_back_and_forth_nothing_twice(house: House, clock: Clock) -> None:
    planner = Planner(house.runtime(TELL, schedules=(EVERY_MINUTE,)))
    planner.plan()
    clock.now += timedelta(minutes=2)
    planner.plan()
    clock.now -= timedelta(minutes=1, seconds=30)
    Planner(house.runtime(TELL, schedules=(EVERY_MINUTE,))).plan()
    clock.now += timedelta(minutes=2)
    Planner(house.runtime(TELL, schedules=(EVERY_MINUTE,))).plan()
    assert len(planned(house)) == len(set(planned(house)))
    assert planned(house)[-1].minute == 3


def test_plan_time_zone_of_the_company_counts(house: House, clock: Clock) -> None:
    daily = Schedule("daily", "0 8 * * *", "note")
    planner = Planner(house.runtime(schedules=(daily,)))
    planner.plan()
    clock.now = datetime(2026, 5, 4, 13, 0, tzinfo=UTC)  # 08:00 in Lima
    assert len(planner.plan()) == 1


def test_worker_runs_what_is_planned(house: House, clock: Clock) -> None:
    runtime = house.runtime(TELL, schedules=(EVERY_MINUTE,))
    with house.working(runtime):
        (first,) = _seen(house)
        clock.now += timedelta(minutes=1)
        (job,) = _wait_for_job(house)
        assert house.wait(job, "done")["args"] == {"planned_at": "2026-05-04T12:01:00+00:00"}
    assert first["job_id"] is None
    assert house.effects() == [1]


def _seen(house: House) -> list[dict[str, object]]:
    query = "SELECT * FROM andes_schedule_runs"
    wait_until(lambda: house.rows(query))
    return house.rows(query)


def _wait_for_job(house: House) -> list[int]:
    query = "SELECT id FROM andes_jobs"
    wait_until(lambda: house.rows(query))
    return [row["id"] for row in house.rows(query)]
