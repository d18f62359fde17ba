// How the gallery's page looks: light and dark, from a phone to a wide screen. No file besides the page.
#pragma once

namespace lqvg::eval {

// Boxes are told apart by dashes as well as by colour, and have a dark edge, so that they show on any ground. Their
// lines are as thin in a large picture as in a small one. A case that is the link's target fills the page's width.
inline constexpr char kGalleryStyle[] = R"css(
:root { color-scheme: light dark; --ground: #fff; --card: #f5f5f3; --text: #1c1c1c; --faint: #5c5c5c; --line: #d4d4d0;
  --link: #00539c; --truth: #17e86b; --answer: #ff9d2e; --bad: #a3260a; }
@media (prefers-color-scheme: dark) { :root { --ground: #141516; --card: #1f2123; --text: #ececea; --faint: #a5a7a8;
  --line: #3a3d40; --link: #8cc4ff; --bad: #ff9d86; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1rem clamp(.75rem, 3vw, 2.5rem) 4rem; background: var(--ground);
  color: var(--text); font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.35rem, 4vw, 1.9rem); line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .25rem; }
p { margin: .25rem 0 1rem; max-width: 46rem; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: 0 0 1rem; list-style: none; }
nav a, .resize { display: inline-block; padding: .3rem 0; }
.head { display: flex; flex-wrap: wrap; gap: 2rem clamp(1.5rem, 3vw, 4rem); align-items: flex-start; }
.head > * { min-width: 0; max-width: min(100%, 24rem); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .3rem 1.25rem .3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: normal; }
thead th { color: var(--faint); border-top: 0; }
.numbers td, .numbers thead th { text-align: right; }
.numbers thead th:first-child { text-align: left; }
.reliability { display: block; width: 100%; height: auto; }
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1.25rem;
  padding: 0; margin: 1rem 0 0; list-style: none; }
.cases > li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden;
  scroll-margin-top: 1rem; }
.cases > li:target { grid-column: 1 / -1; }
figure { margin: 0; }
figcaption { padding: .7rem .9rem .5rem; }
.picture { position: relative; overflow: hidden; background: #000; }
li:target figure { display: flex; flex-wrap: wrap; }
li:target .picture { flex: 1 1 30rem; max-width: 92vh; align-self: flex-start; }
li:target figcaption { flex: 1 1 16rem; }
.picture img { display: block; width: 100%; height: auto; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
rect { fill: none; vector-effect: non-scaling-stroke; }
.edge { stroke: #000; stroke-opacity: .65; stroke-width: 5px; }
.answer { stroke: var(--answer); stroke-width: 2.5px; }
.truth { stroke: var(--truth); stroke-width: 2.5px; stroke-dasharray: 7 5; }
.reliability rect { vector-effect: none; }
.unreadable { padding: 2.5rem 1rem; text-align: center; color: var(--bad); }
.expression { font-weight: 600; margin: 0 0 .4rem; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: 0; font-variant-numeric: tabular-nums; }
.facts dt { display: inline; color: var(--faint); }
.facts dd { display: inline; margin: 0; }
.name, .note { font-size: .85rem; color: var(--faint); margin: .3rem 0 0; }
.resize { font-size: .85rem; }
.smaller, li:target .larger { display: none; }
li:target .smaller { display: inline-block; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; padding: 0; margin: .75rem 0 0; list-style: none; }
.key svg { width: 2.5rem; height: 1.4rem; vertical-align: middle; margin-right: .5rem; background: #55604f; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.wide { overflow-x: auto; }
@media (max-width: 40rem) { .failed thead { position: absolute; clip-path: inset(50%); }
  .failed tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  .failed th, .failed td { display: block; border: 0; padding: 0; } }
)css";

}  // namespace lqvg::eval
