//! Files: gzip CSV without a time stamp, so that the same sample gives the same bytes.

use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::geography::LatLon;
use crate::error::{Error, Result};

/// A CSV file being written, compressed.
pub struct Rows {
    name: String,
    writer: csv::Writer<GzEncoder<BufWriter<File>>>,
    written: u64,
}

/// A finished file and its number of rows, the header not counted.
pub type Written = (String, u64);

fn cannot_write(name: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::input(format!("cannot write {name}: choose a directory that can be written")).with_cause(cause)
}

fn create(out: &Path, name: &str) -> Result<BufWriter<File>> {
    let path = out.join(name);
    if let Some(parent) = path.parent() {
        create_dir_all(parent).map_err(|e| cannot_write(name, e))?;
    }
    Ok(BufWriter::new(File::create(path).map_err(|e| cannot_write(name, e))?))
}

impl Rows {
    /// Opens `name` (with `/` for a subdirectory) and writes the header.
    ///
    /// # Errors
    /// `Input` if the file cannot be written.
    pub fn create(out: &Path, name: &str, header: &[&str]) -> Result<Self> {
        let file = create(out, name)?;
        let encoder = GzBuilder::new().mtime(0).write(file, Compression::new(7));
        let mut writer = csv::Writer::from_writer(encoder);
        writer.write_record(header).map_err(|e| cannot_write(name, e))?;
        Ok(Self { name: name.to_owned(), writer, written: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// `Input` if the file cannot be written.
    pub fn add<T: AsRef<[u8]>>(&mut self, fields: &[T]) -> Result<()> {
        self.writer.write_record(fields).map_err(|e| cannot_write(&self.name, e))?;
        self.written += 1;
        Ok(())
    }

    /// Closes the file.
    ///
    /// # Errors
    /// `Input` if the file cannot be written.
    pub fn finish(self) -> Result<Written> {
        let name = self.name;
        let encoder = self.writer.into_inner().map_err(|e| cannot_write(&name, e.into_error()))?;
        let mut file = encoder.finish().map_err(|e| cannot_write(&name, e))?;
        file.flush().map_err(|e| cannot_write(&name, e))?;
        Ok((name, self.written))
    }
}

/// Writes a whole text file.
///
/// # Errors
/// `Input` if the file cannot be written.
pub fn text(out: &Path, name: &str, content: &str, rows: u64) -> Result<Written> {
    bytes(out, name, content.as_bytes(), rows)
}

/// Writes a whole file of any bytes.
///
/// # Errors
/// `Input` if the file cannot be written.
pub fn bytes(out: &Path, name: &str, content: &[u8], rows: u64) -> Result<Written> {
    let mut file = create(out, name)?;
    file.write_all(content).and_then(|()| file.flush()).map_err(|e| cannot_write(name, e))?;
    Ok((name.to_owned(), rows))
}

/// Degrees with six decimals.
pub fn degrees(value: f64) -> String {
    format!("{value:.6}")
}

/// Latitude and longitude with six decimals.
pub fn lat_lon(at: LatLon) -> [String; 2] {
    [degrees(at.lat), degrees(at.lon)]
}
