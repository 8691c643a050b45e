/** The page's looks; colours are named after what they mean, once for light and once for dark. */
export const style = `
:root{color-scheme:light;--page:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5d6878;--faint:#e4e8ee;--line:#c9d0da;
--blue:#2f68d8;--orange:#c96a12;--teal:#0f8b7d;--violet:#7a4fd0;--red:#c9304a;--green:#1c8a4c;--amber:#b07a00;--band:#c9304a1c}
:root[data-theme=dark]{color-scheme:dark;--page:#12161d;--card:#1a2029;--ink:#e6eaf0;--soft:#98a4b5;--faint:#28303c;--line:#3b4554;
--blue:#78a6ff;--orange:#f0a04b;--teal:#4fd0bf;--violet:#b595ff;--red:#ff7388;--green:#58cf8b;--amber:#e8bd4f;--band:#ff738824}
@media(prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;--page:#12161d;--card:#1a2029;--ink:#e6eaf0;--soft:#98a4b5;--faint:#28303c;--line:#3b4554;
--blue:#78a6ff;--orange:#f0a04b;--teal:#4fd0bf;--violet:#b595ff;--red:#ff7388;--green:#58cf8b;--amber:#e8bd4f;--band:#ff738824}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
header{display:flex;align-items:flex-start;gap:16px;justify-content:space-between}
h1{font-size:24px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h1 small{display:block;font-size:13px;font-weight:500;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin-bottom:4px}
h2{font-size:17px;margin:0}
.why{margin:2px 0 12px;color:var(--soft);font-size:13.5px;max-width:80ch}
section{background:var(--card);border:1px solid var(--faint);border-radius:12px;padding:18px 20px;margin-top:18px}
.identity{color:var(--soft);font-size:13.5px;margin:6px 0 0;overflow-wrap:anywhere}
.strip{display:flex;flex-wrap:wrap;gap:8px;margin-top:18px}
.chip{display:inline-flex;align-items:center;gap:8px;padding:6px 12px;border-radius:999px;background:var(--card);border:1px solid var(--faint);font-size:13.5px}
.chip b{font-weight:600}.chip::before{content:"";width:9px;height:9px;border-radius:50%;background:var(--soft)}
.chip.good::before{background:var(--green)}.chip.warn::before{background:var(--amber)}.chip.bad::before{background:var(--red)}
.chip.bad{border-color:var(--red)}.chip.warn{border-color:var(--amber)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-top:18px}
.tile{background:var(--card);border:1px solid var(--faint);border-radius:12px;padding:14px 16px}
.tile span{display:block;color:var(--soft);font-size:13px}.tile b{font-size:25px;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.tile i{font-style:normal;color:var(--soft);font-size:14px;margin-left:4px}.tile em{display:block;font-style:normal;color:var(--soft);font-size:12.5px}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--soft);font-size:12px;font-family:inherit}svg .unit{font-size:11.5px;font-weight:600;fill:var(--soft)}svg .name{fill:var(--ink);font-size:12px}
.axis{stroke:var(--line)}.grid{stroke:var(--faint)}
.stroke{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.thin{stroke-width:1.4}.dash{stroke-dasharray:5 4}
.blue{--c:var(--blue)}.orange{--c:var(--orange)}.teal{--c:var(--teal)}.violet{--c:var(--violet)}.red{--c:var(--red)}.soft{--c:var(--soft)}.green{--c:var(--green)}.amber{--c:var(--amber)}
.stroke{stroke:var(--c)}.fill{fill:var(--c)}.wash{fill:var(--c);opacity:.16}.dot{fill:var(--c);opacity:.45}.mark{fill:var(--card);stroke:var(--c);stroke-width:2.2}
.knee{fill:var(--c);stroke:var(--card);stroke-width:2}.band{fill:var(--band)}.bandname{fill:var(--red)!important;font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:10px 0 0;font-size:13px;color:var(--soft)}
.swatch{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:var(--c)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:500;text-align:right;padding:6px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
td{text-align:right;padding:6px 10px;border-bottom:1px solid var(--faint)}
th:first-child,td:first-child{text-align:left;padding-left:0}td.words{text-align:left;overflow-wrap:anywhere}th.words{text-align:left}
tr:last-child td{border-bottom:0}
dl{display:grid;grid-template-columns:minmax(110px,auto) 1fr;gap:8px 18px;margin:0;font-size:13.5px}dt{font-weight:600}dd{margin:0;color:var(--soft)}
details summary{cursor:pointer;font-size:17px;font-weight:700}details[open] summary{margin-bottom:12px}
button{font:inherit;font-size:13px;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:8px;padding:6px 12px;cursor:pointer;white-space:nowrap}
ul.notes{margin:0;padding-left:18px;font-size:14px}
@media print{body{background:#fff}button{display:none}section,.tile{break-inside:avoid}}
`

/** Switches between light and dark; without it the page follows the system. */
export const script = `
const root=document.documentElement,button=document.getElementById('theme');
button.hidden=false;
button.onclick=()=>{const dark=root.dataset.theme?root.dataset.theme==='dark':matchMedia('(prefers-color-scheme:dark)').matches;root.dataset.theme=dark?'light':'dark'};
`
