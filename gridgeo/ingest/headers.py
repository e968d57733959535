"""Headers as Chinese offices write them, beside the names in the contracts."""

import re
from collections.abc import Iterable

from gridgeo.ingest.notes import Note
from gridgeo.ingest.source import listed

# Layer → column → headers. One header stands for one column of a layer. X坐标 is left out:
# surveyors mean north by it, everybody else east.
OFFICE: dict[str, dict[str, tuple[str, ...]]] = {
    "towns": {
        "town_code": ("街道编码", "乡镇编码", "镇代码", "街道编号", "town_id"),
        "name": ("街道名称", "乡镇名称", "镇名称", "镇街名称", "town_name"),
    },
    "villages": {
        "village_code": (
            "社区编码", "村编码", "行政村代码", "行政村编码",
            "village_id",
        ),
        "name": (
            "社区名称", "行政村名称", "行政村", "村名称", "村名", "village_name",
        ),
        "town_code": ("街道代码", "街道编码", "乡镇代码", "乡镇编码", "所属街道代码"),
        "kind": ("村社类型", "城乡类型"),
    },
    "grids": {
        "grid_code": ("网格编号", "网格号", "网格id"),
        "name": ("网格名", "网格名称"),
        "village_code": ("社区编码", "村代码", "村编码", "行政村代码", "所属社区代码"),
        "kind": ("网格类型", "网格类别"),
        "duty_phone": ("值班号码",),
        "valid_from": ("启用日期", "生效日期"),
        "valid_to": ("停用日期", "失效日期"),
    },
    "units": {
        "unit_id": ("单元号", "单元编码", "楼栋编号", "小区编号", "unit"),
        "households": ("常住户数", "入住户数", "实有户数"),
        "village_code": ("社区编码", "社区代码", "村代码"),
        "grid_code": ("网格号", "网格编号", "网格代码", "所属网格"),
    },
    "households": {
        "household_id": ("户号", "户编码", "住户编号", "房屋编号", "房屋编码"),
        "address_id": ("地址编码", "标准地址编码", "地址id"),
        "size_band": ("人口档", "家庭人数档"),
        "lived_in": ("是否常住", "入住情况", "是否有人居住"),
        "grid_code": ("网格号", "网格编号", "网格代码", "所属网格", "所在网格"),
        "updated_on": ("更新日期", "最近更新", "核查日期"),
    },
    "stations": {
        "station_id": ("站点编码", "站点号", "驿站编号"),
        "name": ("站点名称", "驿站名称"),
        "kind": ("站点类型", "服务类型"),
        "capacity": ("服务人数", "可服务人数"),
    },
    "workers": {
        "worker_id": ("人员编号", "网格员编号", "网格员工号", "员工号"),
        "employment": ("用工类型", "专兼职"),
    },
    "appointments": {
        "appointment_id": ("任命编号", "聘任编号"),
        "worker_id": ("人员编号", "网格员编号", "网格员工号"),
        "grid_code": ("网格号", "网格编号", "网格代码", "所属网格"),
        "role": ("岗位", "角色"),
        "state": ("任命状态",),
        "valid_from": ("任职日期", "起始日期", "开始日期"),
        "valid_to": ("离任日期", "终止日期", "结束日期"),
    },
    "fixes": {
        "fix_id": ("定位编号", "轨迹点号"),
        "track_id": ("轨迹号", "轨迹编码", "巡查轨迹编号"),
        "worker_id": ("人员编号", "网格员编号", "网格员工号"),
        "grid_code": ("网格号", "网格编号", "网格代码", "所属网格"),
        "t": ("采集时间", "定位时刻", "轨迹时间", "gps_time", "timestamp"),
    },
    "patrols": {
        "patrol_id": ("巡查号", "巡查记录编号"),
        "worker_id": ("人员编号", "网格员编号", "网格员工号"),
        "grid_code": ("网格号", "网格编号", "网格代码", "所属网格"),
        "starts_at": ("巡查开始时间", "出发时间"),
        "ends_at": ("巡查结束时间", "返回时间"),
        "fixes": ("定位点数",),
        "distance_m": ("巡查里程", "行程"),
    },
    "incidents": {
        "incident_id": ("事件号", "事件编码", "工单编号", "工单号", "案件编号"),
        "class_code": ("事件类别", "事件类型", "类别代码", "事项类别"),
        "channel": ("上报渠道", "事件来源", "来源渠道"),
        "reported_at": ("上报日期", "报告时间", "发生时间"),
        "closed_at": ("办结时间", "结束时间", "结案日期"),
        "stage": ("当前环节", "处理环节"),
        "department": ("处理部门", "承办部门", "承办单位"),
        "grid_code": ("网格编码", "网格号", "网格编号", "网格代码", "所属网格"),
    },
    "visits": {
        "visit_id": ("走访号", "走访记录编号"),
        "household_id": ("户号", "户编码", "住户编号"),
        "worker_id": ("人员编号", "网格员编号", "网格员工号"),
        "visited_at": ("走访日期", "入户时间"),
        "outcome": ("走访结果",),
    },
}  # fmt: skip

# What may tell who somebody is. Such a header belongs to no column of any layer.
PERSONAL = re.compile(
    r"姓名|户主|身份证|证件号|公民身份|电话|手机|联系方式|联系人|报案人|报事人|住户名|出生|民族|宗教"
    r"|residentname|fullname|ownername|phone|mobile|idcard|idnumber|passport|birth|^name$"
)
NAMELESS = (
    "households", "incidents", "visits", "workers", "appointments", "rosters", "addresses",
    "fixes", "patrols",
)  # fmt: skip


def personal_note(unused: Iterable[str], layer: str) -> tuple[Note, ...]:
    """Say which unused headers of a file seem to tell who somebody is.

    Parameters
    ----------
    unused : iterable of str
        Headers of columns that were not taken in.
    layer : str
        Only layers about people and their homes are looked at: a village has a phone as well.

    Returns
    -------
    tuple of Note
        One, or none where nothing is personal.
    """
    found = [h for h in unused if PERSONAL.search(re.sub(r"[\s_\-]+", "", h.casefold()))]
    if layer not in NAMELESS or not found:
        return ()
    return (
        Note(
            f"Not taken in, personal data: {listed(found)}.",
            f"以下列为个人信息,未读入:{listed(found)}。",
        ),
    )
