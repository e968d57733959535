"""The contracts themselves: what a grid, household, worker, incident, visit is.

Codes: 9-digit town, 12-digit village, 14-digit grid (village 12 + sequence 2). Cities outside
that system may use any text as code. Residents are points and counts: no name, number,
health, religion or risk column exists here, and none may be added.

Long because all layers are read side by side: what one column is called is so in every layer.
"""

from gridgeo.model.contract import Column, Contract

AREA = ("Polygon", "MultiPolygon")
POINT = ("Point",)
LINE = ("LineString", "MultiLineString")

SIZE_BANDS = ("1", "2", "3-4", "5+")
STATES = ("applied", "recommended", "examined", "publicised", "approved", "filed")
STAGES = ("reported", "accepted", "dispatched", "handled", "closed")
CHANNELS = ("app", "hotline", "walk-in", "patrol")
PLACED_BY = ("coordinates", "address", "grid")
OUTCOMES = ("met", "nobody-home", "refused", "moved-away")

_PLACED_BY = Column(
    "placed_by",
    "text",
    choices=PLACED_BY,
    zh="定位方式",
    en="what placed it: its coordinates, its address, or its grid alone",
)

TOWNS = Contract(
    "towns",
    key="town_code",
    columns=(Column("name", "text", required=True, zh="名称", en="name", aliases=("名称",)),),
    geometry=AREA,
    zh="街道/乡镇",
    en="towns",
    key_aliases=("街道代码", "乡镇代码"),
)

VILLAGES = Contract(
    "villages",
    key="village_code",
    columns=(
        Column("name", "text", required=True, zh="名称", en="name", aliases=("名称",)),
        Column("town_code", "text", zh="街道/乡镇代码", en="code of its town"),
        Column(
            "kind",
            "text",
            choices=("community", "village"),
            zh="社区或行政村",
            en="community (urban) or village (rural)",
        ),
    ),
    geometry=AREA,
    zh="社区/行政村",
    en="villages",
    key_aliases=("社区代码", "村代码"),
)

GRIDS = Contract(
    "grids",
    key="grid_code",
    columns=(
        Column("name", "text", zh="名称", en="name", aliases=("网格名称", "grid_name")),
        Column(
            "village_code",
            "text",
            zh="社区/行政村代码",
            en="code of its village",
            aliases=("社区代码",),
        ),
        Column(
            "kind",
            "text",
            choices=("general", "dedicated"),
            zh="综合或专属",
            en="general, or dedicated to a school, park, hospital or firm",
            aliases=("类型",),
        ),
        Column(
            "duty_phone",
            "text",
            zh="值班电话",
            en="duty line, never a private number",
            aliases=("值班电话",),
        ),
        Column("valid_from", "date", zh="生效日", en="first day in force"),
        Column("valid_to", "date", zh="失效日", en="first day no longer in force"),
    ),
    geometry=AREA,
    zh="网格",
    en="grids",
    key_aliases=("网格编码", "网格代码", "grid", "grid_id"),
)

STREETS = Contract(
    "streets",
    key="street_id",
    columns=(
        Column("name", "text", zh="名称", en="name", aliases=("道路名称", "路名")),
        Column("kind", "text", zh="类型", en="class of road", aliases=("道路类型",)),
    ),
    geometry=LINE,
    zh="道路",
    en="streets",
    key_aliases=("道路编号",),
)

WATERS = Contract(
    "waters",
    key="water_id",
    columns=(
        Column("name", "text", zh="名称", en="name", aliases=("水系名称",)),
        Column(
            "kind",
            "text",
            choices=("river", "canal", "lake"),
            zh="类型",
            en="river, canal or lake",
            aliases=("水系类型",),
        ),
    ),
    geometry=(*LINE, *AREA),
    zh="水系",
    en="waters",
    key_aliases=("水系编号",),
)

UNITS = Contract(
    "units",
    key="unit_id",
    columns=(
        Column(
            "households",
            "int",
            required=True,
            low=0,
            zh="户数",
            en="occupied households",
            aliases=("户数", "pop"),
        ),
        Column("village_code", "text", zh="社区/行政村代码", en="code of its village"),
        Column("grid_code", "text", zh="网格编码", en="grid it belongs to today"),
    ),
    geometry=AREA,
    zh="基本单元",
    en="base units of a plan",
    key_aliases=("单元编号", "block_id", "geoid"),
)

ADDRESSES = Contract(
    "addresses",
    key="address_id",
    columns=(
        Column(
            "address",
            "text",
            required=True,
            zh="地址",
            en="address text of a door or building, never of a person",
            aliases=("标准地址", "详细地址", "地址名称"),
        ),
        Column("grid_code", "text", zh="网格编码", en="grid it lies in", aliases=("所属网格",)),
    ),
    geometry=POINT,
    zh="标准地址",
    en="addresses",
    key_aliases=("地址编号", "地址编码"),
)

HOUSEHOLDS = Contract(
    "households",
    key="household_id",
    columns=(
        Column("address_id", "text", zh="地址编号", en="address id"),
        Column("size_band", "text", choices=SIZE_BANDS, zh="人数档", en="persons, in bands"),
        Column("lived_in", "bool", zh="是否入住", en="whether somebody lives there"),
        Column("grid_code", "text", zh="登记网格", en="grid on record", aliases=("网格编码",)),
        _PLACED_BY,
        Column("updated_on", "date", zh="更新日", en="day last checked", aliases=("更新日期",)),
    ),
    geometry=POINT,
    zh="户",
    en="households",
    key_aliases=("户编号",),
)

STATIONS = Contract(
    "stations",
    key="station_id",
    columns=(
        Column("name", "text", zh="名称", en="name", aliases=("名称",)),
        Column("kind", "text", zh="类型", en="kind of service"),
        Column("capacity", "float", low=0, zh="容量", en="persons it can serve"),
    ),
    geometry=POINT,
    zh="服务站点",
    en="stations",
    key_aliases=("站点编号",),
)

WORKERS = Contract(
    "workers",
    key="worker_id",
    columns=(
        Column(
            "employment",
            "text",
            required=True,
            choices=("full-time", "part-time"),
            zh="专职或兼职",
            en="full-time or part-time",
        ),
    ),
    zh="网格员",
    en="workers",
    key_aliases=("工号",),
)

APPOINTMENTS = Contract(
    "appointments",
    key="appointment_id",
    columns=(
        Column("worker_id", "text", required=True, zh="工号", en="worker"),
        Column("grid_code", "text", required=True, zh="网格编码", en="grid"),
        Column(
            "role",
            "text",
            required=True,
            choices=("leader", "worker"),
            zh="网格长或网格员",
            en="grid leader or worker",
        ),
        Column(
            "state",
            "text",
            required=True,
            choices=STATES,
            zh="状态",
            en="how far the selection has come; active only when filed",
        ),
        Column("valid_from", "date", required=True, zh="起始日", en="first day"),
        Column("valid_to", "date", zh="终止日", en="first day no longer in post"),
    ),
    zh="任命",
    en="appointments",
)

ROSTERS = Contract(
    "rosters",
    key="roster_id",
    columns=(
        Column("worker_id", "text", required=True, zh="工号", en="worker"),
        Column("grid_code", "text", zh="网格编码", en="grid on duty for"),
        Column(
            "starts_at",
            "time",
            required=True,
            zh="开始时间",
            en="when the duty begins",
            aliases=("上班时间",),
        ),
        Column(
            "ends_at",
            "time",
            required=True,
            zh="结束时间",
            en="when the duty ends",
            aliases=("下班时间",),
        ),
    ),
    zh="值班表",
    en="rosters",
    key_aliases=("班次编号", "值班编号"),
)

# Raw tracks of workers on duty: what follows from them is kept, they themselves for 72 hours.
FIXES = Contract(
    "fixes",
    key="fix_id",
    columns=(
        Column("track_id", "text", required=True, zh="轨迹编号", en="track", aliases=("巡查编号",)),
        Column("worker_id", "text", required=True, zh="工号", en="worker"),
        Column("grid_code", "text", zh="网格编码", en="grid on duty for"),
        Column("t", "time", required=True, zh="定位时间", en="when", aliases=("时间", "time")),
    ),
    geometry=POINT,
    zh="巡查轨迹点",
    en="fixes of patrol tracks",
    key_aliases=("轨迹点编号",),
    key_from=("track_id", "t"),
    fleeting=True,
)

PATROLS = Contract(
    "patrols",
    key="patrol_id",
    columns=(
        Column("worker_id", "text", required=True, zh="工号", en="worker"),
        Column("grid_code", "text", required=True, zh="网格编码", en="grid patrolled"),
        Column(
            "starts_at",
            "time",
            required=True,
            zh="开始时间",
            en="when the patrol began",
        ),
        Column("ends_at", "time", required=True, zh="结束时间", en="when it ended"),
        Column("fixes", "int", low=0, zh="轨迹点数", en="fixes of its track"),
        Column(
            "inside_share",
            "float",
            low=0,
            high=1,
            zh="网格内占比",
            en="share of its fixes inside the grid",
        ),
        Column("distance_m", "float", low=0, zh="行程(米)", en="metres walked"),
    ),
    zh="巡查",
    en="patrols",
    key_aliases=("巡查编号", "track_id"),
)

INCIDENTS = Contract(
    "incidents",
    key="incident_id",
    columns=(
        Column("class_code", "text", required=True, zh="类别", en="class of the catalogue"),
        Column("channel", "text", choices=CHANNELS, zh="渠道", en="channel"),
        Column("reported_at", "time", required=True, zh="上报时间", en="when reported"),
        Column("closed_at", "time", zh="结案时间", en="when closed"),
        Column("stage", "text", choices=STAGES, zh="环节", en="stage"),
        Column("department", "text", zh="处置部门", en="handling department"),
        Column("grid_code", "text", zh="登记网格", en="grid on record", aliases=("网格编码",)),
        _PLACED_BY,
    ),
    geometry=POINT,
    zh="事件",
    en="incidents",
    key_aliases=("事件编号",),
)

DISPATCHES = Contract(
    "dispatches",
    key="dispatch_id",
    columns=(
        Column("incident_id", "text", required=True, zh="事件编号", en="incident"),
        Column("grid_code", "text", required=True, zh="网格编码", en="grid it was given to"),
        Column(
            "dispatched_at",
            "time",
            required=True,
            zh="派遣时间",
            en="when",
            aliases=("分派时间",),
        ),
    ),
    zh="派遣",
    en="dispatches",
    key_aliases=("派遣编号",),
)

VISITS = Contract(
    "visits",
    key="visit_id",
    columns=(
        Column("household_id", "text", required=True, zh="户编号", en="household"),
        Column("worker_id", "text", required=True, zh="工号", en="worker"),
        Column("visited_at", "time", required=True, zh="走访时间", en="when visited"),
        Column("outcome", "text", choices=OUTCOMES, zh="结果", en="outcome"),
        Column(
            "asked_for",
            "bool",
            zh="应约走访",
            en="whether the household had asked for it",
            aliases=("应约", "是否应约"),
        ),
    ),
    zh="走访",
    en="visits",
    key_aliases=("走访编号",),
)

# In the order in which they are best imported: what others refer to comes first.
LAYERS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        TOWNS,
        VILLAGES,
        GRIDS,
        STREETS,
        WATERS,
        UNITS,
        ADDRESSES,
        HOUSEHOLDS,
        STATIONS,
        WORKERS,
        APPOINTMENTS,
        ROSTERS,
        FIXES,
        PATROLS,
        INCIDENTS,
        DISPATCHES,
        VISITS,
    )
}
