"""Reading an exposure file: period, store or product, and how many orders or units."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.errors import Bilingual, InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from feedback_nlp.insight.monitoring.exposure import Exposure

__all__ = ["read_exposure"]

_PERIOD = re.compile(
    r"时期|期间|月份|年月|周次|日期|时间|^[年月周日]+$|period|month|week|date|day|time", re.IGNORECASE
)
_AMOUNT = re.compile(
    r"订单|单量|销量|件数|台数|数量|人次|客流|发货量|业务量|暴露量|order|unit|sales|sold|exposure|volume|visits",
    re.IGNORECASE,
)
_MONTH = re.compile(r"(\d{4})\s*[-/.年]?\s*(0?[1-9]|1[0-2])\s*月?\Z")
_WEEK = re.compile(r"(\d{4})\s*[-年]?\s*(?:W|第)\s*(\d{1,2})\s*周?\Z", re.IGNORECASE)
_HINT = Bilingual(
    "要有三样：时期（如 2025-01、2025-W03 或日期）、可选的门店或产品、一列数量（订单数或件数）。",
    "It needs periods (2025-01, 2025-W03 or dates), stores or products if wanted, and a column of orders or "
    "units.",
)


def read_exposure(path: str | Path) -> Exposure:
    """Read an exposure file of any table format.

    Parameters
    ----------
    path : str or Path
        Columns are recognised by their headers; rows of one period and unit add up.

    Returns
    -------
    Exposure

    Raises
    ------
    InputError
        If a column can't be found, or a period or amount can't be read, with its row.
    """
    from feedback_nlp.insight.monitoring.exposure import Exposure
    from feedback_nlp.io.readers import read

    table = read(path).table
    name = Path(path).name
    period, amount, column = _columns(table, name)
    unit, periods = _periods(table[period].to_pylist(), period, name)
    units = [""] * table.num_rows
    role = None
    if column is not None:
        role, header = column
        units = ["" if cell is None else str(cell).strip() for cell in table[header].to_pylist()]
    amounts: dict[tuple[str, str], float] = {}
    for row, cell in enumerate(table[amount].to_pylist()):
        key = (periods[row], units[row])
        amounts[key] = amounts.get(key, 0.0) + _amount(cell, amount, row, name)
    if not any(amounts.values()):
        raise InputError(
            Bilingual(f"业务量文件 {name} 的列“{amount}”全是 0。", f"Column '{amount}' of {name} is all 0."),
            _HINT,
        )
    return Exposure(name, amount, unit, role, amounts)


def _columns(table: pa.Table, name: str) -> tuple[str, str, tuple[str, str] | None]:
    """Return the headers of period and amount, and (role, header) of the unit if there is one."""
    from feedback_nlp.io.headers import matches

    headers = [str(header) for header in table.column_names]
    periods = [header for header in headers if _PERIOD.search(header)]
    if not periods:
        raise _missing("时期", "a period", headers, name)
    rest = [header for header in headers if header != periods[0]]
    amounts = [header for header in rest if _AMOUNT.search(header)] or _numeric(table, rest)
    if not amounts:
        raise _missing("数量", "an amount", headers, name)
    for header in rest:
        roles = {match.role for match in matches(header)} & {"store", "product"}
        if header != amounts[0] and roles:
            return periods[0], amounts[0], (min(roles, key=("store", "product").index), header)
    return periods[0], amounts[0], None


def _numeric(table: pa.Table, headers: Sequence[str]) -> list[str]:
    """Return the columns of which every filled cell is a number."""
    found = []
    for header in headers:
        cells = [cell for cell in table[header].to_pylist() if cell not in (None, "")]
        if cells and all(_number(cell) is not None for cell in cells):
            found.append(header)
    return found


def _missing(zh: str, en: str, headers: Sequence[str], name: str) -> InputError:
    return InputError(
        Bilingual(
            f"业务量文件 {name} 里找不到{zh}列（现有：{'、'.join(headers)}）。",
            f"The exposure file {name} has no column of {en} (columns: {', '.join(headers)}).",
        ),
        _HINT,
    )


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool):
        return None
    try:
        value = float(str(cell).replace(",", "").replace("，", "").strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _amount(cell: Any, header: str, row: int, name: str) -> float:
    value = _number(cell)
    if value is None or value < 0:
        raise InputError(
            Bilingual(
                f"业务量文件 {name} 第 {row + 1} 条数据的“{header}”是“{cell}”，不是 0 以上的数。",
                f"'{header}' of data row {row + 1} of {name} is '{cell}', no number from 0 up.",
            ),
            Bilingual("改正这一格；没有订单就写 0。", "Mend the cell; write 0 where there was none."),
        )
    return value


def _periods(cells: Sequence[Any], header: str, name: str) -> tuple[str, list[str]]:
    """Return the unit of the periods and their names."""
    from feedback_nlp.insight.monitoring.periods import name_of

    read = [_period(cell) for cell in cells]
    bad = [row for row, found in enumerate(read) if found is None]
    kinds = {found[0] for found in read if found is not None}
    if bad or len(kinds) != 1:
        row = bad[0] if bad else _odd([found[0] for found in read if found is not None])
        raise InputError(
            Bilingual(
                f"业务量文件 {name} 第 {row + 1} 条数据的“{header}”是“{cells[row]}”，"
                "读不成和别行一样的时期。",
                f"'{header}' of data row {row + 1} of {name} is '{cells[row]}', no period like the others.",
            ),
            _HINT,
        )
    names = [found[1] for found in read if found is not None]
    if kinds != {"date"}:
        return kinds.pop(), names
    unit = _unit_of_dates([date.fromisoformat(day) for day in names])
    return unit, [name_of(day, unit) for day in names]


def _odd(kinds: Sequence[str]) -> int:
    """Return the first row whose kind is not that of the first row."""
    return next((row for row, kind in enumerate(kinds) if kind != kinds[0]), 0)


def _period(cell: Any) -> tuple[str, str] | None:
    from feedback_nlp.io.times import parse_one

    if isinstance(cell, datetime | date):
        return "date", f"{cell:%Y-%m-%d}"
    text = str(cell).strip()
    if found := _WEEK.match(text):
        try:
            date.fromisocalendar(int(found[1]), int(found[2]), 1)
        except ValueError:
            return None
        return "week", f"{found[1]}-W{int(found[2]):02d}"
    if found := _MONTH.match(text):
        return "month", f"{found[1]}-{int(found[2]):02d}"
    moment = parse_one(cell)
    return None if moment is None else ("date", f"{moment:%Y-%m-%d}")


def _unit_of_dates(days: Sequence[date]) -> str:
    """Return month for firsts of months, week for Mondays, else day."""
    if all(day.day == 1 for day in days):
        return "month"
    distinct = sorted(set(days))
    mondays = all(day.weekday() == 0 for day in distinct)
    apart = all(b - a >= timedelta(days=7) for a, b in pairwise(distinct))
    return "week" if mondays and apart else "day"
