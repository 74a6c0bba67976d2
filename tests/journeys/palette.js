// A picture in at most 256 colours: the most frequent ones exactly, and of each small cube of the others its best.
async (base64) => {
  const bytes = await (await fetch(`data:image/png;base64,${base64}`)).blob();
  const image = await createImageBitmap(bytes);
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);

  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const byCount = [...counts].sort((a, b) => b[1] - a[1]);
  const exact = byCount.splice(0, 96).map(([color]) => color);
  const cubes = new Map();
  for (const [color, count] of byCount) {
    const cube = cubes.get(color & 0xf8f8f8) ?? { total: 0, best: 0, color };
    cube.total += count;
    if (count > cube.best) Object.assign(cube, { best: count, color });
    cubes.set(color & 0xf8f8f8, cube);
  }
  const rest = [...cubes.values()].sort((a, b) => b.total - a.total).slice(0, 160).map((cube) => cube.color);
  const palette = [...exact, ...rest];

  const parts = (color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255];
  const targets = palette.map(parts);
  const nearest = (color) => {
    const [r, g, b] = parts(color);
    let found = 0;
    let least = Infinity;
    targets.forEach(([x, y, z], index) => {
      const distance = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
      if (distance < least) [found, least] = [index, distance];
    });
    return found;
  };
  const indexes = new Map([...counts.keys()].map((color) => [color, nearest(color)]));
  let text = "";
  for (let row = 0; row < height; row++) {
    text += String.fromCharCode(0, ...pixels.subarray(row * width, (row + 1) * width).map((pixel) => indexes.get(pixel)));
  }
  return { width, height, palette: targets.flat(), rows: btoa(text) };
};
