// Everything from data becomes text by textContent, never markup.
function gridgeoBox(labels, values) {
    const table = L.DomUtil.create("table");
    labels.forEach((label, column) => {
        const row = table.insertRow();
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = label;
        row.append(head);
        row.insertCell().textContent = values[column];
    });
    return table;
}

function gridgeoAreas(shapes, looks, look, rings) {
    const group = L.geoJson(shapes.areas, {
        filter: (feature) => look[feature.id] >= 0,
        style: (feature) => ({
            ...looks[look[feature.id]],
            // A ring leaves what it marks to be seen.
            ...(feature.geometry.type === "Point" ? {fillOpacity: 0.15, weight: 2} : {}),
        }),
        pointToLayer: (feature, place) => L.circleMarker(place, {radius: 9}),
        interactive: shapes.labels.length > 0,
        smoothFactor: 0.5,
    });
    rings.forEach(([id, lon, lat]) => group.addData({
        type: "Feature", id, properties: {}, geometry: {type: "Point", coordinates: [lon, lat]},
    }));
    if (shapes.labels.length === 0) return group;
    group.on("mouseover", (event) => event.layer.setStyle({color: "#12263a", weight: 3}));
    group.on("mouseout", (event) => group.resetStyle(event.layer));
    group.bindTooltip((shape) => gridgeoBox(shapes.labels, shapes.rows[shape.feature.id]), {
        sticky: true, className: "tip", opacity: 1,
    });
    return group;
}

// Nothing moves until it is asked to, and then in steps without a transition.
function gridgeoFrames(areas, looks, frames) {
    const box = document.querySelector(".time");
    const slider = box.querySelector("input");
    const button = box.querySelector("button");
    const said = box.querySelector("output");
    const names = Array.from(box.querySelectorAll("li"), (line) => line.textContent);
    const bars = box.querySelectorAll(".bars i");
    let timer = null;
    areas.options.style = (feature) => looks[frames[slider.value][feature.id]];
    const show = () => {
        areas.eachLayer((shape) => areas.resetStyle(shape));
        said.textContent = names[slider.value];
        slider.setAttribute("aria-valuetext", names[slider.value]);
        bars.forEach((bar, at) => bar.classList.toggle("now", at === Number(slider.value)));
    };
    const stop = () => {
        clearInterval(timer);
        timer = null;
        button.textContent = button.dataset.play;
    };
    slider.addEventListener("input", () => { stop(); show(); });
    button.addEventListener("click", () => {
        if (timer !== null) return stop();
        button.textContent = button.dataset.pause;
        timer = setInterval(() => {
            slider.value = (Number(slider.value) + 1) % frames.length;
            show();
        }, 1200);
    });
    show();
}

// A press on a head sorts, figures from the most, texts from the first; the next one turns it round.
function gridgeoSort(table) {
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
        const figures = "figures" in head.dataset;
        const key = (row) => {
            const text = row.cells[column].textContent;
            return figures ? parseFloat(text.replace(/,/g, "").replace("−", "-")) : text;
        };
        const none = (value) => value === "–" || Number.isNaN(value);
        const before = head.getAttribute("aria-sort");
        const down = before ? before === "ascending" : figures;
        const rows = Array.from(body.rows, (row) => [key(row), row]);
        rows.sort(([a], [b]) => {
            if (none(a) || none(b)) return none(a) - none(b);  // what is not told stays last
            const order = figures ? a - b : a.localeCompare(b, document.documentElement.lang);
            return down ? -order : order;
        });
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        body.append(...rows.map(([, row]) => row));
    }));
}

function gridgeoLabels(texts) {
    return L.layerGroup(texts.map(([lat, lon, text]) => {
        const html = document.createElement("b");
        html.textContent = text;
        const icon = L.divIcon({className: "value", html, iconSize: [0, 0]});
        return L.marker([lat, lon], {icon, interactive: false, keyboard: false});
    }));
}

function gridgeoMap(map, options, legends) {
    const box = map.getContainer();
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", options.map);

    L.control.zoom({
        position: "topright",
        zoomInTitle: options.zoom_in,
        zoomOutTitle: options.zoom_out,
    }).addTo(map);
    L.control.scale({imperial: false, position: "bottomleft"}).addTo(map);

    // The title box covers the left side of a wide page, the top of a narrow one.
    const choices = box.querySelector(".leaflet-control-layers");
    const wide = box.clientWidth > 760;
    if (choices) {
        const fold = document.createElement("details");
        const summary = fold.appendChild(document.createElement("summary"));
        summary.textContent = options.layers;
        fold.open = wide;
        fold.append(choices.querySelector(".leaflet-control-layers-list"));
        choices.append(fold);
    }
    // On a narrow page the buttons stand above the boxes at the bottom.
    const feet = Array.from(document.querySelectorAll(".time, .twins"), (one) => one.offsetTop);
    if (feet.length > 0) box.style.setProperty("--feet", `${box.clientHeight - Math.min(...feet)}px`);
    document.querySelectorAll(".twin table").forEach(gridgeoSort);
    document.querySelector(".legend details").open = wide;
    if (options.bounds) {
        map.fitBounds(options.bounds, {
            paddingTopLeft: wide ? [330, 24] : [12, Math.min(180, box.clientHeight / 4)],
            paddingBottomRight: [wide && choices ? choices.offsetWidth + 24 : 12, 24],
            animate: false,
        });
    }

    const show = () => legends.forEach(([layer, id]) => {
        document.getElementById(id).hidden = !map.hasLayer(layer);
    });
    map.on("layeradd layerremove", show);
    show();

    const fade = () => box.classList.toggle("no-values", map.getZoom() < options.label_zoom);
    map.on("zoomend", fade);
    fade();

    // A shape can be reached by keyboard, and says aloud what its box shows.
    const reachable = (group) => {
        const tip = group.eachLayer && group.getTooltip();
        if (!tip) return;
        group.eachLayer((shape) => {
            const path = shape.getElement();
            const rows = Array.from(tip.getContent()(shape).rows);
            path.setAttribute("tabindex", "0");
            path.setAttribute("role", "img");
            path.setAttribute("aria-label", rows.map(
                (row) => Array.from(row.cells, (cell) => cell.textContent).join(" ")
            ).join("; "));
        });
    };
    if (options.keyboard) {
        map.eachLayer(reachable);
        map.on("layeradd", (event) => reachable(event.layer));
    }
}
