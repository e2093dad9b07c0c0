//! The colours and letters of pictures. Two sets of colours; the reader's screen chooses.

/// The style sheet inside of each picture. Every rule is bound to the picture's class, so that an inlined picture leaves its page alone.
pub const CSS: &str = "\
.wf{--page:#fff;--frame:#f8fafc;--edge:#e2e8f0;--ink:#0f172a;--soft:#64748b;--line:#94a3b8;--box:#fff;--rim:#cbd5e1;\
--good:#047857;--goodbox:#ecfdf5;--bad:#b91c1c;--badbox:#fef2f2;--run:#6d28d9;--runbox:#f5f3ff;--time:#b45309;--count:#0369a1;--pill:#0369a1;\
--operator:#4f46e5;--retailer:#0f766e;--merchant:#b45309;--customer:#be185d;--import:#475569;--other:#475569;\
font-family:Inter,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif}\
@media(prefers-color-scheme:dark){.wf{--page:#0b1120;--frame:#111827;--edge:#1f2937;--ink:#f1f5f9;--soft:#94a3b8;--line:#64748b;\
--box:#1e293b;--rim:#475569;--good:#34d399;--goodbox:#063b2e;--bad:#f87171;--badbox:#43181b;--run:#a78bfa;--runbox:#2a1f4f;\
--time:#fbbf24;--count:#38bdf8;--pill:#0369a1;--operator:#6366f1;--retailer:#0d9488;--merchant:#c2660a;--customer:#db2777;--import:#64748b;--other:#64748b}}\
.wf text{fill:var(--ink)}\
.wf .wf-page{fill:var(--page)}.wf .wf-frame{fill:var(--frame);stroke:var(--edge)}\
.wf .wf-h1{font-size:20px;font-weight:700}.wf .wf-h2{font-size:13px;font-weight:600;fill:var(--soft)}\
.wf .wf-sub{font-size:12px;fill:var(--soft)}\
.wf .wf-line{fill:none;stroke:var(--line);stroke-width:1.4}.wf .wf-tip{fill:var(--line)}\
.wf .wf-line.wf-happy{stroke:var(--good);stroke-width:3}.wf .wf-tip.wf-happy{fill:var(--good)}\
.wf .wf-line.wf-timer{stroke:var(--time);stroke-dasharray:5 4}.wf .wf-tip.wf-timer{fill:var(--time)}\
.wf .wf-line.wf-error{stroke:var(--bad)}.wf .wf-tip.wf-error{fill:var(--bad)}\
.wf .wf-box{fill:var(--box);stroke:var(--rim);stroke-width:1.3}\
.wf .wf-state.wf-happy .wf-box{fill:var(--goodbox);stroke:var(--good);stroke-width:2}\
.wf .wf-state.wf-unhappy .wf-box{fill:var(--badbox);stroke:var(--bad)}\
.wf .wf-state.wf-run .wf-box{fill:var(--runbox);stroke:var(--run)}\
.wf .wf-state.wf-run.wf-happy .wf-box{stroke:var(--good)}\
.wf .wf-state.wf-inner .wf-box{stroke-dasharray:4 3}\
.wf .wf-state .wf-rim{fill:none;stroke-width:1}\
.wf .wf-name{font-size:13px;font-weight:600}.wf .wf-small{font-size:10.5px;fill:var(--soft)}\
.wf .wf-effect{font-size:10.5px;fill:var(--run)}\
.wf .wf-live{fill:var(--pill)}.wf text.wf-count{font-size:11px;font-weight:700;fill:#fff}.wf text.wf-age{font-size:10.5px;fill:var(--count)}\
.wf .wf-event{font-size:11.5px;font-weight:600}.wf .wf-plain{font-size:11px}.wf .wf-time{font-size:11.5px;font-weight:600;fill:var(--time)}\
.wf .wf-done{font-size:11.5px;font-weight:600;fill:var(--good)}.wf .wf-fail{font-size:11.5px;font-weight:600;fill:var(--bad)}\
.wf .wf-tag text{font-size:9px;font-weight:700;fill:#fff;text-anchor:middle}\
.wf .wf-mark{fill:none;stroke:var(--soft);stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}\
.wf .wf-mark.wf-t{stroke:var(--time)}.wf .wf-mark.wf-d{stroke:var(--good)}.wf .wf-mark.wf-e{stroke:var(--bad)}.wf .wf-mark.wf-r{stroke:var(--run)}\
.wf .wf-tag-operator{fill:var(--operator)}.wf .wf-tag-retailer{fill:var(--retailer)}.wf .wf-tag-merchant{fill:var(--merchant)}\
.wf .wf-tag-customer{fill:var(--customer)}.wf .wf-tag-import{fill:var(--import)}.wf .wf-tag-other{fill:var(--other)}\
.wf .wf-mid{text-anchor:middle}";
