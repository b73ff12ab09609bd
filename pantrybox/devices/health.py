"""Whether a camera does what it is there for, and if not, why."""

from pantrybox.clock import HOUR_MS
from pantrybox.devices.model import Device

_PATIENCE = 2.5
"""A camera may miss one photograph, and be late with the next, before anybody is called."""
LOW_BATTERY_PCT = 15
LOW_SUCCESS_RATE = 90


def success_rate(complete: int, failed: int) -> int | None:
    """Photographs that could be looked at, in whole percent, a half rounded up; None when there were none."""
    looked_at = complete + failed
    return (200 * complete + looked_at) // (2 * looked_at) if looked_at else None


def faults(device: Device, success_rate_24h: int | None, now_ms: int) -> list[str]:
    """Why a camera is not well, as sentences; none when it is."""
    return [
        *_silence(device, now_ms),
        *_empty_battery(device.battery_pct),
        *_failures(success_rate_24h),
    ]


def longest_silence_ms(device: Device) -> int:
    """How long a healthy camera may be silent: an hour, or longer when it was ordered to sleep for long."""
    sleep_s = device.orders.sleep_s if device.orders else 0
    return max(HOUR_MS, round(_PATIENCE * 1000 * sleep_s))


def _silence(device: Device, now_ms: int) -> list[str]:
    if device.last_seen_at_ms is None:
        return ["It has never sent a photograph."]
    allowed_ms = longest_silence_ms(device)
    if now_ms - device.last_seen_at_ms <= allowed_ms:
        return []
    return [f"It has been silent for longer than {_hours(allowed_ms)}."]


def _hours(duration_ms: int) -> str:
    hours = duration_ms / HOUR_MS
    return "an hour" if hours == 1 else f"{hours:.1f} hours".replace(".0 ", " ")


def _empty_battery(pct: int | None) -> list[str]:
    return [f"Its battery is at {pct} %."] if pct is not None and pct < LOW_BATTERY_PCT else []


def _failures(rate: int | None) -> list[str]:
    if rate is None or rate >= LOW_SUCCESS_RATE:
        return []
    return [f"Only {rate} % of its photographs of the last day could be looked at."]
