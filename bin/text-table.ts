/** Columns as wide as their widest cell, two spaces apart. A column whose cells below the header are all numbers stands to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column] ?? '')) ?? [];
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const areNumbers = columns.map((cells) => cells.slice(1).every((cell) => /^[\d,.]*$/.test(cell)));
  const line = (row: readonly string[]) =>
    widths.map((width, column) => (areNumbers[column] ? (row[column] ?? '').padStart(width) : (row[column] ?? '').padEnd(width)));
  return rows.map((row) => line(row).join('  ').trimEnd()).join('\n');
}

/** 5,000,000 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
