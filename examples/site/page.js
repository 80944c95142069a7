/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Asks the guest for /status.json once a second, and shows it. Nothing comes from anywhere else.
 */
"use strict";

const PERIOD_MS = 1000;
const WINDOW_S = 120;

const $ = (id) => document.getElementById(id);
const set = (id, text) => { $(id).textContent = text; };

/* --- figures ---------------------------------------------------------------------------------- */

const whole = (n) => Math.round(n).toLocaleString("en");

function bytes(n) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let i = 0;
	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

function duration(s) {
	const two = (n) => String(Math.floor(n)).padStart(2, "0");
	const clock = `${two(s / 3600 % 24)}:${two(s / 60 % 60)}:${two(s % 60)}`;
	return s >= 86400 ? `${Math.floor(s / 86400)} d ${clock}` : clock;
}

function element(tag, text, className) {
	const e = document.createElement(tag);
	e.textContent = text;
	if (className)
		e.className = className;
	return e;
}

function chips(parent, words) {
	parent.replaceChildren(...words.filter(Boolean).map((w) => element("span", w)));
}

/* --- plots ------------------------------------------------------------------------------------ */

/* A round step that divides `span` into at most four. */
function step(span) {
	const power = 10 ** Math.floor(Math.log10(span / 4));
	return [1, 2, 5, 10].map((f) => f * power).find((s) => span / s <= 4);
}

class Plot {
	constructor(id, least, format) {
		this.svg = $(id);
		this.least = least; /* span of the axis, at least */
		this.format = format;
		this.points = []; /* {t: seconds, v: value, e: give or take; undefined if exact} */
		this.svg.addEventListener("pointermove", (e) => this.draw(e.offsetX));
		this.svg.addEventListener("pointerleave", () => this.draw());
	}

	add(t, v, e) {
		this.points.push({t, v, e});
		while (this.points[0].t < t - WINDOW_S)
			this.points.shift();
		this.draw();
	}

	node(name, attributes, text) {
		const e = document.createElementNS("http://www.w3.org/2000/svg", name);
		for (const [key, value] of Object.entries(attributes))
			e.setAttribute(key, value);
		if (text !== undefined)
			e.textContent = text;
		this.svg.append(e);
	}

	draw(pointer) {
		const {width, height} = this.svg.getBoundingClientRect();
		const left = 40, right = width - 6, top = 8, bottom = height - 20;
		const values = this.points.flatMap((p) => [p.v - (p.e ?? 0), p.v + (p.e ?? 0)]);
		let low = Math.min(0, ...values), high = Math.max(0, ...values);
		if (high - low < this.least) {
			high = low < 0 ? Math.max(high, this.least / 2) : this.least;
			low = low < 0 ? high - this.least : 0;
		}
		const unit = step(high - low);
		low = Math.floor(low / unit) * unit;
		high = Math.ceil(high / unit) * unit;

		const end = this.points.length ? this.points[this.points.length - 1].t : 0;
		const x = (t) => right - (end - t) / WINDOW_S * (right - left);
		const y = (v) => bottom - (v - low) / (high - low) * (bottom - top);
		const digits = Math.max(0, -Math.floor(Math.log10(unit)));

		this.svg.replaceChildren();
		for (let v = low; v <= high + unit / 2; v += unit) {
			this.node("line", {class: "grid", x1: left, x2: right, y1: y(v), y2: y(v)});
			this.node("text", {x: left - 8, y: y(v) + 4, "text-anchor": "end"}, fixed(v, digits));
		}
		this.node("text", {x: left, y: height - 4}, `${WINDOW_S} s ago`);
		this.node("text", {x: right, y: height - 4, "text-anchor": "end"}, "now");
		if (!this.points.length)
			return;

		/* Below the curve is what was counted; around it, how well it is known. */
		const line = (points, of) =>
			points.map((p) => `${x(p.t).toFixed(1)},${y(of(p)).toFixed(1)}`).join("L");
		const upper = line(this.points, (p) => p.v + (p.e ?? 0));
		const lower = line([...this.points].reverse(), (p) => p.e === undefined ? 0 : p.v - p.e);
		this.node("path", {class: "area", d: `M${upper}L${lower}Z`});
		this.node("path", {class: "curve", d: `M${line(this.points, (p) => p.v)}`});

		let mark = this.points[this.points.length - 1];
		if (pointer !== undefined) {
			mark = this.points.reduce((a, b) =>
				Math.abs(x(b.t) - pointer) < Math.abs(x(a.t) - pointer) ? b : a);
			const at = x(mark.t), late = at > (left + right) / 2;
			this.node("line", {class: "cross", x1: at, x2: at, y1: top, y2: bottom});
			this.node("text", {class: "tip", x: at + (late ? -8 : 8), y: top + 10,
				"text-anchor": late ? "end" : "start"},
				`${this.format(mark.v)}, ${Math.round(end - mark.t)} s ago`);
		}
		this.node("circle", {class: "dot", cx: x(mark.t), cy: y(mark.v), r: 4});
	}
}

const perSecond = (v) => `${v < 10 ? v.toFixed(1) : whole(v)} / s`;
/* With a minus sign, and none before a zero. */
const fixed = (v, digits) => (Number(v.toFixed(digits)) + 0).toFixed(digits).replace("-", "\u2212");
const milliseconds = (v) => `${v > 0 ? "+" : ""}${fixed(v, 2)} ms`;
const rate = new Plot("rate", 4, perSecond);
const drift = new Plot("drift", 2, milliseconds);

/* --- what the guest says ---------------------------------------------------------------------- */

function showPlatform(s) {
	const p = s.platform;
	const drivers = [...new Set(s.devices.map((d) => d.driver).filter(Boolean))];

	set("sentence", `No operating system: a kernel linked with libpv on ${p.hypervisor}, ` +
		`with a disk and a network through ${drivers.join(" and ")}.`);
	set("hypervisor", p.mode ? `${p.hypervisor} ${p.mode}` : p.hypervisor);
	set("boot", `booted by ${p.boot}, libpv ${p.libpv}`);
	set("cpu", `${p.cpu}, hypervisor's signature ${p.signature || "none"}`);
	chips($("features"), p.features ? p.features.split(" ") : ["none"]);
}

/* "mmio v2, virtio-1, MAC STATUS": the transport's words, and the features' names. */
function featureWords(text) {
	const parts = text.split(", ");
	return [...parts.slice(0, -1), ...parts.slice(-1)[0].split(" ")];
}

function showDevices(devices) {
	$("devices").replaceChildren(...devices.map((d) => {
		const row = document.createElement("tr");
		const state = document.createElement("td"), features = document.createElement("td");
		const list = element("div", d.reason, "chips");

		if (!d.reason)
			chips(list, featureWords(d.features));
		features.append(list);
		state.append(element("span", d.state, `state ${d.state}`));
		row.append(element("td", d.name), element("td", d.driver || "none"), state, features);
		return row;
	}));
}

const COUNTERS = [
	["submitted", "Submitted", whole],
	["completed", "Completed", whole],
	["received", "Received", whole],
	["bytes_in", "Bytes in", bytes],
	["bytes_out", "Bytes out", bytes],
	["notified", "Notifications", whole],
	["events", "Events", whole],
	["polls", "Polls", whole],
	["errors", "Errors", whole],
	["dropped", "Dropped", whole],
];

function showQueues(queues) {
	const table = $("queue-table");

	table.tHead.rows[0].replaceChildren(element("th", "Queue"),
		...COUNTERS.map(([, label]) => element("th", label)));
	table.tBodies[0].replaceChildren(...queues.map((q) => {
		const row = document.createElement("tr");
		row.append(element("td", q.name),
			...COUNTERS.map(([key, , format]) => element("td", format(q[key]))));
		return row;
	}));
}

const queueOf = (q) => q ? `${whole(q.received + q.completed)} in ${whole(q.events)} events` : "another CPU's";
const CPU_COLUMNS = [
	["CPU", (c) => whole(c.cpu)],
	["Requests", (c) => whole(c.requests)],
	["Interrupts", (c) => whole(c.interrupts + c.timer)],
	["From other CPUs", (c) => whole(c.ipis)],
	["Stolen", (c) => c.stolen_ns === undefined ? "not told" : `${whole(c.stolen_ns / 1e6)} ms`],
	["Clock, from CPU 0's", (c) => c.clock_offset_ns === undefined ? "unknown" :
		`${fixed(c.clock_offset_ns / 1e3, 1)} \u00b1 ${fixed(c.clock_error_ns / 1e3, 1)} \u00b5s`],
	["Disk queue", (c) => queueOf(c.blk)],
	["Network queues", (c) => queueOf(c.net)],
];

function showCpus(cpus) {
	const table = $("cpu-table");

	table.tHead.rows[0].replaceChildren(...CPU_COLUMNS.map(([label]) => element("th", label)));
	table.tBodies[0].replaceChildren(...cpus.map((c) => {
		const row = document.createElement("tr");
		row.append(...CPU_COLUMNS.map(([, format]) => element("td", format(c))));
		return row;
	}));
}

function showMachine(s) {
	const used = s.memory.total - s.memory.free, i = s.interrupts;

	$("memory-bar").value = s.memory.total ? used / s.memory.total : 0;
	set("memory", `${bytes(used)} of ${bytes(s.memory.total)} used`);
	set("interrupts", `${whole(i.devices)} of devices, ${whole(i.timer)} of the timer, ` +
		`${whole(i.spurious)} spurious`);
	set("connections", `${whole(s.http.open)} open, ${whole(s.http.connections)} so far`);
	set("uptime", duration(s.uptime_ns / 1e9));
	set("uptime-sub", `CPU halted ${whole(s.sleeps)} times, idle`);
	set("requests", whole(s.http.requests));
	set("requests-sub", `${bytes(s.http.bytes)} sent, ${whole(s.http.errors)} errors`);
}

/*
 * The guest's reading belongs to the middle of the exchange, give or take half of it. What the others
 * are compared to is that of the first BASE_S seconds with the shortest exchange. An exchange that took
 * much longer tells little, and is left out of the plot.
 */
const BASE_S = 10;
let base;

function showClock(c, middle, half) {
	const apart = c.reading_ns / 1e6 - middle;

	const telling = (e) => e < 4 * base.half + 1;

	base ??= {apart, half, first: middle};
	if (half < base.half && middle - base.first < BASE_S * 1000) {
		drift.points.forEach((p) => { p.v += base.apart - apart; });
		Object.assign(base, {apart, half});
		drift.points = drift.points.filter((p) => telling(p.e));
	}
	set("clock", c.name);
	set("clock-sub", c.present ?
		`TSC at ${(c.tsc_khz / 1e6).toFixed(3)} GHz${c.stable ? ", stable" : ""}` +
			(c.stopped ? `, stopped ${whole(c.stopped)} times` : "") :
		`uptime from ${c.uptime_source}`);
	set("drift-now", `${milliseconds(apart - base.apart)} \u00b1 ${half.toFixed(2)}`);
	if (telling(half))
		drift.add(middle / 1000, apart - base.apart, half);
}

/* --- asking ----------------------------------------------------------------------------------- */

let last, answered = performance.now();

async function ask() {
	let before = performance.now();
	const response = await fetch("/status.json", {cache: "no-store", signal: AbortSignal.timeout(5000)});
	let after = performance.now();
	if (!response.ok)
		throw new Error(response.status);
	const s = await response.json();

	/* The browser itself knows the times better, without its own queues. */
	const timing = performance.getEntriesByName(response.url).pop();
	if (timing && timing.requestStart)
		[before, after] = [timing.requestStart, timing.responseStart];
	performance.clearResourceTimings();
	answered = performance.now();
	showPlatform(s);
	showDevices(s.devices);
	showQueues(s.queues);
	showCpus(s.cpus);
	showMachine(s);
	showClock(s.clock, (before + after) / 2, (after - before) / 2);
	if (last && s.uptime_ns > last.uptime_ns) {
		const per = (s.http.requests - last.http.requests) / (s.uptime_ns - last.uptime_ns) * 1e9;
		set("rate-now", perSecond(per));
		rate.add(after / 1000, per);
	}
	last = s;
}

function showLive(up) {
	const seconds = Math.round((performance.now() - answered) / 1000);

	$("live").className = up ? "up" : "down";
	set("live", up ? "live" : `no answer for ${seconds} s`);
	document.body.classList.toggle("stale", !up);
}

async function loop() {
	try {
		await ask();
		showLive(true);
	} catch {
		showLive(false);
	}
	setTimeout(loop, PERIOD_MS);
}

rate.draw();
drift.draw();
loop();
