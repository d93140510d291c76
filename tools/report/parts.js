// All of Observable Plot that page.js uses; nothing else of it is bundled.
export {
  areaY,
  axisX,
  axisY,
  dot,
  gridX,
  gridY,
  line,
  plot,
  rect,
  ruleX,
  ruleY,
  text,
} from "@observablehq/plot";
