/**
 * A PDF of one page whose Chinese font is not in the file, as printers' drivers and old programs write it.
 * @param encoding of its codes, such as `ETen-B5-H` (Big5) or `UniCNS-UCS2-H`
 * @param codes hex
 */
export const pdfWithoutFont = (encoding: string, codes: string): Buffer<ArrayBuffer> => {
  const stream = `BT /F1 12 Tf 72 720 Td <${codes}> Tj ET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    `<< /Type /Font /Subtype /Type0 /BaseFont /MSung-Light /Encoding /${encoding} /DescendantFonts [6 0 R] >>`,
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>',
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    '<< /Type /Font /Subtype /CIDFontType0 /BaseFont /MSung-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (CNS1) /Supplement 3 >> /FontDescriptor 7 0 R /DW 1000 >>',
    '<< /Type /FontDescriptor /FontName /MSung-Light /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>',
  ]
  let file = '%PDF-1.4\n'
  for (const [index, object] of objects.entries()) file += `${index + 1} 0 obj\n${object}\nendobj\n`
  // Without a table of places: readers look for the objects then.
  return Buffer.from(`${file}trailer << /Size 8 /Root 1 0 R >>\n%%EOF\n`, 'latin1')
}
