"""Business events between addons: told in the transaction, or after the commit.

An event is a frozen dataclass; its type is declared once by the addon that publishes it. An
in-transaction subscriber belongs to the act: if it raises, nothing happened. An after-commit
subscriber is a job of its own, committed with the act: if it fails, it is retried and hurts nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from kernel.errors import ConfigurationError, Permanent

if TYPE_CHECKING:
    from kernel.context import Ctx

When = Literal["in_transaction", "after_commit"]
DELIVER = "kernel.deliver_event"


@dataclass(frozen=True, slots=True)
class EventType:
    """A named business event and the dataclass that carries it."""

    name: str
    payload: type[Any]
    summary: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A function of an addon that hears an event: ``f(ctx, event)``."""

    event: str
    handler: Callable[[Ctx, Any], None]
    when: When = "in_transaction"
    addon: str = ""
    """Whose it is; the registry fills it in."""

    @property
    def name(self) -> str:
        """Stable name of the subscriber: what a delivery job carries."""
        return f"{self.handler.__module__}:{self.handler.__qualname__}"


class EventBus:
    """Who hears what in this generation."""

    def __init__(self, types: Iterable[EventType], subscribers: Iterable[Subscriber]) -> None:
        self.types = {kind.name: kind for kind in types}
        self._by_payload = {kind.payload: kind for kind in self.types.values()}
        self._adapters = {kind.name: TypeAdapter(kind.payload) for kind in self.types.values()}
        self._now: dict[str, list[Subscriber]] = {name: [] for name in self.types}
        self._later: dict[str, list[Subscriber]] = {name: [] for name in self.types}
        self._subscribers: dict[str, Subscriber] = {}
        for subscriber in subscribers:
            self._add(subscriber)

    def _add(self, subscriber: Subscriber) -> None:
        if subscriber.event not in self.types:
            raise ConfigurationError(
                f"{subscriber.name} subscribes to «{subscriber.event}», which no installed addon "
                "publishes. Check the name or declare the addon as optional."
            )
        lists = self._now if subscriber.when == "in_transaction" else self._later
        lists[subscriber.event].append(subscriber)
        self._subscribers[subscriber.name] = subscriber

    def publish(self, ctx: Ctx, event: object) -> None:
        """Tell in-transaction subscribers now and leave a delivery job for each other one."""
        kind = self._by_payload.get(type(event))
        if kind is None:
            raise ConfigurationError(f"{type(event).__name__} is not declared by register_events.")
        for subscriber in self._now[kind.name]:
            try:
                subscriber.handler(ctx, event)
            except Exception as error:  # the act is undone; whoever keeps undoing it is noted
                ctx.runtime.quarantine.note(subscriber.addon, error)
                raise
        if later := self._later[kind.name]:
            payload = self._adapters[kind.name].dump_python(event, mode="json")
            for subscriber in later:
                ctx.enqueue(DELIVER, subscriber=subscriber.name, payload=payload)

    def deliver(self, ctx: Ctx, subscriber: str, payload: dict[str, Any]) -> None:
        """Run one after-commit subscriber; this is the body of the delivery job.

        Raises:
            Permanent: its addon is not installed any more; a person can retry it when it is.
        """
        known = self._subscribers.get(subscriber)
        if known is None:
            raise Permanent(f"No installed addon has the subscriber «{subscriber}».")
        known.handler(ctx, self._adapters[known.event].validate_python(payload))
