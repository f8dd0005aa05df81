/* How the page looks. Colors are by role, chosen twice: for paper and for the dark. Blue and orange (Okabe & Ito 2008) are told
 * apart by color-blind readers; what color says stands in words, too. */
#include "report/page.h"

const char *const fv_page_style[] = {
    ":root{--paper:#fbfbfa;--card:#fff;--ink:#1c1f23;--soft:#5d646d;--rule:#e3e4e6;--a:#0b6cad;--b:#b4500a;--heat:11,"
    "108,173;"
    "--miss:213,94,0;--deep:#fff}",
    "@media(prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1b1f23;--ink:#e6e8ea;--soft:#9aa3ad;--rule:#"
    "30363c;"
    "--a:#5db3ec;--b:#f0a04b;--heat:93,179,236;--miss:240,160,75;--deep:#10161b}}",
    "*{box-sizing:border-box}",
    "html{-webkit-text-size-adjust:100%;background:var(--paper);color:var(--ink)}",
    "body{margin:0 auto;max-width:1120px;padding:40px 24px 56px;font:15px/1.5 system-ui,-apple-system,'Segoe "
    "UI',Roboto,"
    "'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums}",
    "h1{font-size:30px;line-height:1.2;font-weight:650;letter-spacing:-.01em;margin:2px 0 4px;overflow-wrap:anywhere}",
    "h2{font-size:19px;font-weight:650;margin:0 0 16px}",
    "h3{font-size:15px;font-weight:600;margin:24px 0 12px}h3:first-of-type{margin-top:0}",
    "h3 span,figcaption span{color:var(--soft);font-weight:400}",
    "p{margin:0}",
    ".over{font-size:12px;letter-spacing:.09em;text-transform:uppercase;color:var(--soft)}",
    ".under,.note,footer{color:var(--soft)}.under{overflow-wrap:anywhere}",
    ".note{font-size:13px;margin-top:10px;max-width:70ch;overflow-wrap:anywhere}",
    "footer{font-size:13px;margin-top:28px}",
    ".going{color:var(--paper);background:var(--a);border-radius:9px;padding:1px 9px 2px;font-size:13px}",
    "section{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:24px;margin-top:20px}",
    ".figures{display:flex;flex-wrap:wrap;gap:12px 44px;margin-top:24px}",
    ".figure b{display:block;font-size:28px;line-height:1.15;font-weight:600;letter-spacing:-.01em}",
    ".figure span,.figure small{display:block;font-size:13px;color:var(--soft)}",
    ".plots{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:24px}",
    ".plot{margin:0;min-width:0}.plot figcaption{font-weight:600;margin-bottom:4px}",
    "svg{display:block;width:100%;height:auto;overflow:visible}",
    "svg text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;fill:var(--soft)}",
    ".axis path{stroke:var(--rule);fill:none}.axis .title{font-size:12px}",
    ".line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
    ".line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.faint{stroke-width:1.3;opacity:.5}",
    ".name.a{fill:var(--a)}.name.b{fill:var(--b)}",
    ".base{stroke:var(--soft);stroke-dasharray:3 4;fill:none;opacity:.7}",
    ".mark{fill:var(--card);stroke:var(--ink);stroke-width:1.8}.marked{fill:var(--ink)!important}",
    ".point{fill:transparent}.point:hover{fill:var(--soft);fill-opacity:.35}",
    ".key{display:inline-block;width:16px;height:3px;border-radius:2px;margin-right:7px;vertical-align:middle}",
    ".key.a{background:var(--a);opacity:.6}.key.b{background:var(--b)}",
    ".beside{display:flex;flex-direction:column;gap:16px;padding-top:30px}.beside .note{margin:0}",
    ".tables{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:24px 48px}",
    ".scroll{overflow-x:auto}",
    "table{border-collapse:collapse;width:100%;font-size:14px}",
    "caption{text-align:left;font-weight:600;padding-bottom:6px}",
    "th,td{padding:5px 0 5px 12px;text-align:right;border-top:1px solid var(--rule);white-space:nowrap}",
    "thead th{font-size:13px;font-weight:400;color:var(--soft);border-top:0}",
    "th:first-child{text-align:left;padding-left:0;font-weight:400;white-space:normal;overflow-wrap:anywhere}",
    "tfoot th,tfoot td{color:var(--soft)}.words,.why{text-align:left}.why{color:var(--soft)}",
    ".whisker{width:132px}.whisker "
    "svg{width:120px;margin-left:auto}.ends{display:flex;justify-content:space-between;width:116px;"
    "margin-left:auto}.ends i{font-style:normal}",
    ".rail{stroke:var(--rule);stroke-width:2}.span{stroke:var(--a);stroke-width:3;stroke-linecap:round;opacity:.55}"
    ".whisker circle{fill:var(--a)}",
    ".matrix{width:auto;border-collapse:separate;border-spacing:2px}.matrix th,.matrix td{border:0;padding:0}",
    ".matrix tbody td{min-width:52px;height:38px;padding:0 6px;text-align:center;border-radius:4px}",
    ".matrix th{font-size:13px;font-weight:400;color:var(--soft)}.matrix thead th{text-align:center;padding:0 8px 4px}",
    ".matrix tbody th{padding-right:12px}",
    ".matrix thead td{vertical-align:bottom;text-align:left;padding-bottom:4px}",
    ".corner{font-size:12px;color:var(--soft)}",
    ".many thead th{vertical-align:bottom;padding:0 0 6px}.many thead "
    "span{writing-mode:vertical-rl;transform:rotate(180deg);"
    "display:inline-block;max-height:120px;overflow:hidden}",
    ".right{background:rgba(var(--heat),var(--s))}.wrong{background:rgba(var(--miss),var(--s))}",
    ".deep{color:var(--deep)}.none{color:var(--soft);background:rgba(128,128,128,.07)}",
    ".pictures{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:20px 16px}",
    ".picture{margin:0;min-width:0}.frame{position:relative;aspect-ratio:1;background:rgba(128,128,128,.1);border-"
    "radius:6px;"
    "overflow:hidden}",
    ".frame "
    "img{position:absolute;inset:0;width:100%;height:100%;object-fit:contain;image-rendering:pixelated;font-size:12px}",
    ".picture figcaption{font-size:13px;line-height:1.4;margin-top:6px;overflow-wrap:anywhere}",
    ".picture b{font-weight:600}.picture .truth{display:block}.picture "
    "small{display:block;color:var(--soft);font-size:12px}",
    "dl{margin:0;font-size:14px}dl div{display:grid;grid-template-columns:132px minmax(0,1fr);gap:12px;padding:4px 0;"
    "border-top:1px solid var(--rule)}",
    ".settings{columns:2;column-gap:48px}.settings div{break-inside:avoid}",
    "dt{color:var(--soft);overflow-wrap:anywhere}dd{margin:0;overflow-wrap:anywhere}code{font:13px "
    "ui-monospace,Menlo,Consolas,"
    "monospace}",
    "@media(max-width:900px){.plots{grid-template-columns:repeat(2,minmax(0,1fr))}.tables,.settings{grid-template-"
    "columns:"
    "minmax(0,1fr);columns:1}.pictures{grid-template-columns:repeat(4,minmax(0,1fr))}}",
    "@media(max-width:600px){body{padding:20px 12px 32px}section{padding:16px "
    "12px;margin-top:14px}h1{font-size:24px}.plots{"
    "grid-template-columns:minmax(0,1fr)}.figures{gap:12px 28px}.figure "
    "b{font-size:23px}.whisker{display:none}.beside{padding:0}"
    ".pictures{grid-template-columns:repeat(3,minmax(0,1fr));gap:14px "
    "10px}th,td{padding-left:8px}table{font-size:13px}",
    ".many{border-spacing:1px;width:100%}.many tbody td{min-width:0;height:26px;padding:0;font-size:10px}.many "
    "th{font-size:11px}"
    ".many tbody th{padding-right:4px;max-width:74px}.many .corner{display:none}dl div{grid-template-columns:104px "
    "minmax(0,1fr)}}",
    "@media print{section{break-inside:avoid}}",
    NULL,
};
