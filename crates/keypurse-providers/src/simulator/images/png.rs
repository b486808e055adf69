//! Writes a PNG of four colours, uncompressed
//! (ISO/IEC 15948, with the stored blocks of RFC 1951).

/// `pixel` tells the colour's place in the palette, for each column and row.
/// Both sides have at most 64 pixels, so that one stored block holds them.
pub(super) fn write(
    (width, height): (u32, u32),
    palette: [[u8; 3]; 4],
    pixel: impl Fn(u32, u32) -> u8,
) -> Vec<u8> {
    let mut header = Vec::with_capacity(13);
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    // 8 bits each, by palette, deflated, unfiltered, not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    let mut rows = Vec::new();
    for y in 0..height {
        // No filter.
        rows.push(0);
        rows.extend((0..width).map(|x| pixel(x, y)));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"PLTE", palette.as_flattened());
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("a small picture");
    png.extend(length.to_be_bytes());
    let start = png.len();
    png.extend(kind);
    png.extend(data);
    let checksum = crc32fast::hash(&png[start..]);
    png.extend(checksum.to_be_bytes());
}

/// A zlib stream of one stored block.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a small picture");
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    let (low, high) = data.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}
