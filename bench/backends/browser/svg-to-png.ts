// An SVG as PNG, drawn by the browser that is there anyway, with its fonts.
import { openPage } from './devtools.ts';
import { findBrowser, PACKAGED_BROWSER } from './find-browser.ts';

/** Pixels of the PNG for one of the SVG, as far as a canvas may be so large. */
const SCALE = 2;
const MOST_PIXELS = 16_000;

/** Throws where the packaged browser can't be had, saying why. */
export async function svgToPng(svg: string): Promise<Buffer> {
  const page = await openPage(await findBrowser(PACKAGED_BROWSER), 'about:blank');
  try {
    const url = await page.evaluate(`(${draw})(${JSON.stringify(svg)}, ${SCALE}, ${MOST_PIXELS})`);
    return Buffer.from(String(url).replace(/^data:image\/png;base64,/, ''), 'base64');
  } finally {
    await page.close();
  }
}

/** Runs in the page. */
async function draw(svg: string, scale: number, mostPixels: number): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const fitting = Math.min(scale, mostPixels / Math.max(width, height));
  const canvas = Object.assign(document.createElement('canvas'), { width: width * fitting, height: height * fitting });
  canvas.getContext('2d', { willReadFrequently: true })?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png');
}
