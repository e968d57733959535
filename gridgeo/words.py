"""Domain words in Chinese and English: one word for one thing, on every page and in every file.

The standards (CJ/T 213-2005, CJ/T 349-2010) say *event* for 事件; gridgeo says *incident*,
because code is full of events. 网格长 has no settled English; *grid leader* is our choice.
"""

from typing import Literal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    "grid": ("网格", "grid"),
    "grids": ("网格", "grids"),
    "grid_code": ("网格编码", "grid code"),
    "cell": ("单元格", "cell"),
    "village": ("社区/行政村", "village"),
    "town": ("街道/乡镇", "town"),
    "city": ("县级市", "city"),
    "household": ("户", "household"),
    "households": ("户数", "households"),
    "dwellings": ("房屋", "dwellings"),
    "worker": ("网格员", "worker"),
    "workers": ("网格员数", "workers"),
    "leader": ("网格长", "grid leader"),
    "incident": ("事件", "incident"),
    "incidents": ("事件数", "incidents"),
    "visit": ("走访", "visit"),
    "station": ("服务站点", "station"),
    "stations": ("服务站点", "stations"),
    "standard": ("标准", "standard"),
    "coverage": ("覆盖", "coverage"),
    "reached": ("已覆盖", "reached"),
    "blind_spot": ("盲点", "blind spot"),
    "blind_spots": ("盲点", "blind spots"),
    "gap": ("空隙", "gap"),
    "overlap": ("重叠", "overlap"),
    "sliver": ("碎面", "sliver"),
    "invalid": ("无效边界", "invalid border"),
    "outside": ("超出辖区", "outside the jurisdiction"),
    "across": ("跨社区边界", "across a village border"),
    "orphan": ("无网格的户", "households in no grid"),
    "outside-household": ("辖区外的户", "households outside the jurisdiction"),
    "doubled": ("属多网格的户", "households in several grids"),
    "mismatch": ("登记网格与位置不符", "recorded grid differs from the place"),
    "size": ("规模超限", "size outside the band"),
    "no-leader": ("缺网格长", "no grid leader"),
    "few-workers": ("网格员不足", "too few workers"),
    "no-full-time": ("缺专职网格员", "no full-time worker"),
    "reach": ("距服务站点过远", "too far from a station"),
    "unreachable": ("无路可达服务站点", "no way to a station"),
    "access": ("服务供给不足", "too little service for the people in reach"),
    "visit-overdue": ("走访超期", "visit overdue"),
    "never-visited": ("从未走访", "never visited"),
    "over-contact": ("走访过频", "visited too often"),
    "patrol": ("巡查不足", "too few patrols"),
    "patrol-share": ("道路未巡查", "streets not patrolled"),
    "silent": ("上报过少", "suspiciously few reports"),
    "unanswered": ("逾期未反馈", "past the limit without an answer"),
    "response": ("按期结案率偏低", "too few answered in time"),
    "seam": ("网格间推诿", "passed to and fro between grids"),
    "records": ("数据质量偏低", "poor records"),
    "workload": ("工作量", "workload"),
    "load": ("工作量", "load"),
    "load_per_worker": ("人均户数", "households per worker"),
    "deviation": ("偏差", "deviation"),
    "balance": ("均衡度", "balance"),
    "plan": ("划分方案", "plan"),
    "current_plan": ("现行方案", "plan in force"),
    "proposed_plan": ("建议方案", "proposed plan"),
    "unit": ("基本单元", "unit"),
    "density": ("密度", "density"),
    "legend": ("图例", "legend"),
    "layer": ("图层", "layer"),
    "layers": ("图层", "layers"),
    "withheld": ("因保护隐私不予公布", "withheld to protect residents"),
    "source": ("数据来源", "source"),
    "period": ("时期", "period"),
    "as_of": ("截至", "as of"),
    "area_m2": ("面积(平方米)", "area (m²)"),
    "kind": ("类型", "kind"),
    "value": ("数值", "value"),
    "severity": ("严重程度", "severity"),
    "name": ("名称", "name"),
    "general": ("综合网格", "general grid"),
    "dedicated": ("专属网格", "dedicated grid"),
    "duty_phone": ("值班电话", "duty line"),
    "deviation_share": ("偏差", "deviation"),
    "public": ("公开", "public"),
    "internal": ("内部", "internal"),
    "disclosure": ("发布级别", "disclosure"),
    "no_figure": ("无数据", "no figure"),
    "heat": ("热力", "heat"),
    "cells": ("单元格", "cells"),
    "per_km2": ("件/平方公里", "per km²"),
    "persons": ("人", "persons"),
    "days": ("持续天数", "days it lasts"),
    "zoom_in": ("放大", "zoom in"),
    "zoom_out": ("缩小", "zoom out"),
    "base_map": ("底图", "base map"),
    "map": ("地图", "map"),
    "none_found": ("未发现", "none found"),
    "not_judgeable": ("无法判断", "cannot be judged"),
    "number": ("序号", "no."),
    "table": ("数据表", "table"),
    "time_of_day": ("时段", "time of day"),
    "play": ("播放", "play"),
    "pause": ("暂停", "pause"),
    "per_km2_hour": ("件/(平方公里·小时)", "incidents per km² and hour"),
    "incidents_by_time": ("事件时段分布", "incidents by time"),
    "quality": ("数据质量", "quality of records"),
    "staffing": ("力量配备", "staffing"),
    "placement": ("网格员配置方案", "Placement of workers"),
    "needs": ("缺员情况", "what is lacking"),
    "needs_and_hires": (
        "缺员情况，数字为最少应补人数",
        "What is lacking; the number is the fewest to hire",
    ),
    "needs-leader": ("缺网格长", "no grid leader"),
    "needs-workers": ("网格员不足", "too few workers"),
    "needs-full-time": ("缺专职网格员", "no full-time worker"),
    "needs-several": ("缺多项", "lacks several"),
    "complete": ("配备齐全", "complete"),
    "hires": ("最少应补人数", "fewest to hire"),
    "leaders": ("网格长数", "grid leaders"),
    "full_time": ("专职网格员数", "full-time workers"),
    "subject": ("涉及网格", "grids concerned"),
    "draft": ("草案", "draft"),
    "proposed": ("建议", "proposed"),
    "publicised": ("公示", "publicised"),
    "approved": ("批准", "approved"),
    "filed": ("备案", "filed"),
    "withdrawn": ("撤回", "withdrawn"),
    "rejected": ("否决", "rejected"),
    "grid-changed": ("调整", "changed"),
    "grid-new": ("新设", "new"),
    "grid-closed": ("撤销", "closed"),
    "grid-unchanged": ("不变", "unchanged"),
}


def say(word: str, lang: Lang) -> str:
    """Say a domain word in one language.

    Parameters
    ----------
    word : str
        A key of ``WORDS``.
    lang : {"zh", "en"}

    Returns
    -------
    str
        The word; the key itself where the vocabulary has none, so that a page still shows.
    """
    pair = WORDS.get(word)
    return word if pair is None else pair[LANGS.index(lang)]
