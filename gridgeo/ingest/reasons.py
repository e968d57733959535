"""Why a row was refused, in words a clerk understands."""

from gridgeo.model.contract import FAULTS, Contract

# Beside the contract's own: faults that only a file can have.
FILE_FAULTS: dict[str, tuple[str, str]] = {
    "ragged": ("单元格数与表头不符", "has more or fewer cells than the header"),
    "mangled-code": (
        "编码已被表格软件改成科学计数法,请以文本格式重新填写",
        "is a code that a spreadsheet turned into scientific notation; enter it again as text",
    ),
    "cell-error": (
        "单元格是公式错误(如#N/A),请改为实际值",
        "is the error of a formula, such as #N/A; enter the value itself",
    ),
    "nul-character": (
        "含有空字符(NUL),请删除后重新填写",
        "holds a NUL character, which cannot be kept; delete it",
    ),
    "too-long": ("超过200个字符,不是编码", "has more than 200 characters; it is no code"),
    "beyond-64-bits": ("整数超出64位范围", "is a whole number beyond 64 bits"),
    "geometry-unreadable": ("几何数据无法读取", "has a geometry that cannot be read"),
    "address-ambiguous": (
        "该地址对应多个已知位置,请补充网格编码或坐标",
        "stands at several known places; add the grid code or the coordinates",
    ),
    "address-unknown": (
        "不在已知地址中,请核对写法,或补充网格编码或坐标",
        "is no known address; check how it is written, or add the grid code or the coordinates",
    ),
    "grid-unknown": (
        "不是现行网格的编码,请核对,或补充坐标",
        "is no grid in force; check it, or add the coordinates",
    ),
    "ends-before-it-begins": (
        "应晚于起始时间(终止日为不再有效的第一天)",
        "must come after the beginning; a last day is the first one no longer in force",
    ),
    "geometry-antimeridian": (
        "几何跨越180度经线",
        "spans more than 180° of longitude; it may cross the antimeridian",
    ),
}


def say_fault(code: str) -> tuple[str, str]:
    """Say a code of ``FAULTS`` or ``FILE_FAULTS`` as 中文, English."""
    return FILE_FAULTS[code] if code in FILE_FAULTS else FAULTS[code]


def explain(contract: Contract, field: str, code: str) -> tuple[str, str]:
    """Say one fault in both languages, with what is allowed where the layer knows it.

    Parameters
    ----------
    contract : Contract
    field : str
        Column, key, ``geometry``, or ``lon`` and the like; empty for the whole row.
    code : str
        Of ``FAULTS`` or ``FILE_FAULTS``.

    Returns
    -------
    tuple of str
        中文, English.
    """
    zh, en = say_fault(code)
    allowed = _allowed(contract, field, code)
    return (f"{zh}({allowed})", f"{en} ({allowed})") if allowed else (zh, en)


def _allowed(contract: Contract, field: str, code: str) -> str:
    match code:
        case "geometry-kind":
            return ", ".join(contract.geometry)
        case "not-a-choice":
            return ", ".join(contract.column(field).choices)
        case "too-low":
            return f"≥ {contract.column(field).low:g}"
        case "too-high":
            return f"≤ {contract.column(field).high:g}"
        case _:
            return ""
