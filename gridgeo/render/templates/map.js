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
            const rows = tip.getContent()(shape).querySelectorAll("tr");
            path.setAttribute("tabindex", "0");
            path.setAttribute("role", "img");
            path.setAttribute("aria-label", Array.from(
                rows, (row) => Array.from(row.children, (cell) => cell.textContent).join(" ")
            ).join("; "));
        });
    };
    if (options.keyboard) {
        map.eachLayer(reachable);
        map.on("layeradd", (event) => reachable(event.layer));
    }
}
