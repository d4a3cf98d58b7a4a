//! Tiles are read back with a small decoder of their own, so that the encoder is not judged by itself.

use super::*;

#[derive(Debug, Default)]
struct Read {
    name: String,
    version: u64,
    extent: u64,
    keys: Vec<String>,
    values: Vec<Value>,
    features: Vec<ReadFeature>,
}

#[derive(Debug, Default)]
struct ReadFeature {
    id: Option<u64>,
    kind: u64,
    tags: Vec<u64>,
    rings: Vec<Vec<(i64, i64)>>,
    closed: usize,
}

/// Protocol buffer fields: number, and varint or bytes.
enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
        shift += 7;
    }
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (head, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(head)
            }
            other => panic!("wire type {other} is not used by tiles of ours"),
        };
        out.push((key >> 3, field));
    }
    out
}

fn packed(mut bytes: &[u8]) -> Vec<u64> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        out.push(varint(&mut bytes));
    }
    out
}

fn zigzag(value: u64) -> i64 {
    i64::try_from(value >> 1).unwrap() ^ -i64::try_from(value & 1).unwrap()
}

fn read(bytes: &[u8]) -> Vec<Read> {
    fields(bytes)
        .into_iter()
        .map(|(number, field)| {
            assert_eq!(number, 3, "a tile holds layers and nothing else");
            let Field::Bytes(bytes) = field else { panic!("a layer is a message") };
            layer(bytes)
        })
        .collect()
}

fn layer(bytes: &[u8]) -> Read {
    let mut out = Read { extent: 4096, ..Read::default() };
    for (number, field) in fields(bytes) {
        match (number, field) {
            (1, Field::Bytes(name)) => out.name = String::from_utf8(name.to_vec()).unwrap(),
            (2, Field::Bytes(bytes)) => out.features.push(feature(bytes)),
            (3, Field::Bytes(key)) => out.keys.push(String::from_utf8(key.to_vec()).unwrap()),
            (4, Field::Bytes(value)) => {
                let (number, field) = fields(value).remove(0);
                out.values.push(match (number, field) {
                    (1, Field::Bytes(text)) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                    (6, Field::Varint(v)) => Value::Int(zigzag(v)),
                    (other, _) => panic!("value field {other}"),
                });
            }
            (5, Field::Varint(extent)) => out.extent = extent,
            (15, Field::Varint(version)) => out.version = version,
            (other, _) => panic!("layer field {other}"),
        }
    }
    out
}

fn feature(bytes: &[u8]) -> ReadFeature {
    let mut out = ReadFeature::default();
    for (number, field) in fields(bytes) {
        match (number, field) {
            (1, Field::Varint(id)) => out.id = Some(id),
            (2, Field::Bytes(tags)) => out.tags = packed(tags),
            (3, Field::Varint(kind)) => out.kind = kind,
            (4, Field::Bytes(commands)) => {
                let commands = packed(commands);
                let (mut at, mut x, mut y) = (0, 0, 0);
                while at < commands.len() {
                    let (command, count) = (commands[at] & 7, commands[at] >> 3);
                    at += 1;
                    if command == 7 {
                        out.closed += 1;
                        continue;
                    }
                    for _ in 0..count {
                        x += zigzag(commands[at]);
                        y += zigzag(commands[at + 1]);
                        at += 2;
                        if command == 1 {
                            out.rings.push(Vec::new());
                        }
                        out.rings.last_mut().unwrap().push((x, y));
                    }
                }
            }
            (other, _) => panic!("feature field {other}"),
        }
    }
    out
}

fn area(ring: &[(i64, i64)]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<i64>()
}

fn tile() -> TileId {
    TileId::at(Point { lat: 49.1868, lon: -2.1067 }, 12).unwrap()
}

fn square(west_to_east: bool) -> Vec<Point> {
    let b = tile().bounds();
    let (w, s) = (b.west + 0.01, b.south + 0.01);
    let mut ring: Vec<Point> = [(0.0, 0.0), (0.02, 0.0), (0.02, 0.02), (0.0, 0.02), (0.0, 0.0)]
        .map(|(dx, dy)| Point { lat: s + dy, lon: w + dx })
        .to_vec();
    if !west_to_east {
        ring.reverse();
    }
    ring
}

fn one(geometry: Geometry) -> Option<Vec<u8>> {
    let feature = Feature {
        id: Some(7),
        geometry,
        properties: vec![("n", Value::Int(12)), ("b", Value::Int(-3)), ("name", Value::Text("Gorey".into()))],
    };
    encode(tile(), &[Layer { name: "hotspots", features: vec![feature] }]).unwrap()
}

#[test]
fn a_tile_is_version_two_with_its_properties() {
    let layers = read(&one(Geometry::Polygon(vec![square(true)])).unwrap());
    assert_eq!(layers.len(), 1);
    let layer = &layers[0];
    assert_eq!((layer.name.as_str(), layer.version, layer.extent), ("hotspots", 2, 4096));
    let feature = &layer.features[0];
    assert_eq!((feature.id, feature.kind, feature.closed), (Some(7), 3, 1));
    let pairs: Vec<(&str, &Value)> = feature
        .tags
        .chunks(2)
        .map(|t| (layer.keys[usize::try_from(t[0]).unwrap()].as_str(), &layer.values[usize::try_from(t[1]).unwrap()]))
        .collect();
    assert_eq!(pairs, vec![("n", &Value::Int(12)), ("b", &Value::Int(-3)), ("name", &Value::Text("Gorey".into()))]);
}

#[test]
fn outlines_are_positive_whichever_way_they_came_and_holes_negative() {
    for way in [true, false] {
        let hole: Vec<Point> =
            square(way).iter().map(|p| Point { lat: p.lat * 0.5 + 49.205 * 0.5, lon: p.lon }).collect();
        let layers = read(&one(Geometry::Polygon(vec![square(way), hole])).unwrap());
        let rings = &layers[0].features[0].rings;
        assert_eq!(rings.len(), 2);
        assert!(area(&rings[0]) > 0 && area(&rings[1]) < 0, "{way}");
        assert_ne!(rings[0].first(), rings[0].last(), "closing is a command, not a point");
    }
}

#[test]
fn shapes_are_cut_at_the_buffer() {
    let b = tile().bounds();
    let big: Vec<Point> = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        .map(|(dx, dy)| Point { lat: b.south + dy, lon: b.west + dx })
        .to_vec();
    let layers = read(&one(Geometry::Polygon(vec![big])).unwrap());
    let ring = &layers[0].features[0].rings[0];
    assert_eq!(area(ring).abs() / 2, (4096 + 128) * (4096 + 128));
    for (x, y) in ring {
        assert!((-64..=4160).contains(x) && (-64..=4160).contains(y));
    }
}

#[test]
fn what_is_outside_is_left_out() {
    let far = Point { lat: 51.5, lon: 0.0 };
    assert!(one(Geometry::Point(far)).is_none());
    assert!(one(Geometry::Line(vec![far, Point { lat: 51.6, lon: 0.1 }])).is_none());
    assert!(
        one(Geometry::Polygon(vec![vec![far, Point { lat: 51.6, lon: 0.0 }, Point { lat: 51.6, lon: 0.1 }]])).is_none()
    );
}

#[test]
fn a_line_that_leaves_and_comes_back_has_two_parts() {
    let b = tile().bounds();
    let middle = f64::midpoint(b.west, b.east);
    let line: Vec<Point> = [(0.0, 0.3), (0.5, 0.3), (0.5, 3.0), (1.0, 3.0), (1.0, 0.3), (0.7, 0.3)]
        .map(|(dx, dy)| Point { lat: b.south + (b.north - b.south) * dy, lon: b.west + (middle - b.west) * dx })
        .to_vec();
    let layers = read(&one(Geometry::Line(line)).unwrap());
    let feature = &layers[0].features[0];
    assert_eq!((feature.kind, feature.rings.len()), (2, 2));
    assert!(feature.rings.iter().all(|part| part.len() >= 2));
}

#[test]
fn a_point_lands_where_the_tile_says() {
    let town = Point { lat: 49.1868, lon: -2.1067 };
    let layers = read(&one(Geometry::Point(town)).unwrap());
    let (x, y) = tile().project(town);
    let found = layers[0].features[0].rings[0][0];
    assert!((found.0 as f64 - x).abs() <= 0.5 && (found.1 as f64 - y).abs() <= 0.5);
}
