//! An ONNX file as it is stored: the fields of onnx.proto3 that the networks use.

use std::fmt;

use prost::Message;
use prost::bytes::Bytes;

/// Why a file is not a network.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Encoding(#[from] prost::DecodeError),
    #[error("there is no graph in it")]
    NoGraph,
    #[error("{node}: {attribute} is missing, or of another type")]
    Attribute { node: String, attribute: String },
    #[error("{0}: its values are not what its type and shape say")]
    Values(String),
    #[error("{0}")]
    Graph(String),
}

impl FileError {
    pub(super) const fn graph(reason: String) -> Self {
        Self::Graph(reason)
    }

    /// The same, with the node where it was found.
    pub(super) fn at(self, node: &str) -> Self {
        Self::Graph(format!("{node}: {self}"))
    }
}

/// The graph of a network, whose values stay where they are in `bytes`.
pub(super) fn read(bytes: &'static [u8]) -> Result<Graph, FileError> {
    Model::decode(Bytes::from_static(bytes))?.graph.ok_or(FileError::NoGraph)
}

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    pub constants: Vec<Values>,
    #[prost(message, repeated, tag = "11")]
    pub inputs: Vec<Named>,
    #[prost(message, repeated, tag = "12")]
    pub outputs: Vec<Named>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Named {
    #[prost(string, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Node {
    #[prost(string, repeated, tag = "1")]
    pub inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub outputs: Vec<String>,
    #[prost(string, tag = "4")]
    pub operator: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
    /// Empty for the standard operators.
    #[prost(string, tag = "7")]
    pub domain: String,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, optional, tag = "3")]
    number: Option<i64>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    text: Option<Bytes>,
    #[prost(message, optional, tag = "5")]
    values: Option<Values>,
}

impl Node {
    fn find<'a, T>(
        &'a self,
        name: &str,
        of_type: impl Fn(&'a Attribute) -> Option<T>,
    ) -> Result<T, FileError> {
        let mut named = self.attributes.iter().filter(|attribute| attribute.name == name);
        named.find_map(of_type).ok_or_else(|| FileError::Attribute {
            node: self.to_string(),
            attribute: name.to_owned(),
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    pub(super) fn number(&self, name: &str) -> Result<usize, FileError> {
        self.find(name, |attribute| attribute.number?.try_into().ok())
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, FileError> {
        self.find(name, |attribute| str::from_utf8(attribute.text.as_deref()?).ok())
    }

    pub(super) fn floats(&self, name: &str) -> Result<Vec<f32>, FileError> {
        self.find(name, |attribute| attribute.values.as_ref())?.floats()
    }
}

/// A tensor: its values in order, little-endian, as all of ours are stored.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Values {
    #[prost(int64, repeated, tag = "1")]
    shape: Vec<i64>,
    #[prost(int32, tag = "2")]
    of: i32,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "bytes", tag = "9")]
    bytes: Bytes,
}

/// Numbers of the types in onnx.proto3.
const FLOAT: i32 = 1;
const INT64: i32 = 7;
const FLOAT16: i32 = 10;

impl Values {
    pub(super) fn shape(&self) -> Result<Vec<usize>, FileError> {
        let sides = self.shape.iter().map(|side| usize::try_from(*side).ok());
        sides.collect::<Option<_>>().ok_or_else(|| self.wrong())
    }

    /// Half precision becomes single.
    pub(super) fn floats(&self) -> Result<Vec<f32>, FileError> {
        match self.of {
            FLOAT => self.all(f32::from_le_bytes),
            FLOAT16 => self.all(|bytes| half::f16::from_le_bytes(bytes).to_f32()),
            _ => Err(self.wrong()),
        }
    }

    pub(super) fn integers(&self) -> Result<Vec<i64>, FileError> {
        if self.of == INT64 { self.all(i64::from_le_bytes) } else { Err(self.wrong()) }
    }

    fn all<const N: usize, T>(&self, value: impl Fn([u8; N]) -> T) -> Result<Vec<T>, FileError> {
        let (values, rest) = self.bytes.as_chunks();
        let length: usize = self.shape()?.iter().product();
        if values.len() == length && rest.is_empty() {
            Ok(values.iter().map(|bytes| value(*bytes)).collect())
        } else {
            Err(self.wrong())
        }
    }

    fn wrong(&self) -> FileError {
        FileError::Values(self.name.clone())
    }
}

/// Its operator and what it makes; few nodes have names.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.operator, self.outputs.join(" and "))
    }
}

#[cfg(test)]
impl Values {
    pub(super) fn of_floats(name: &str, shape: &[i64], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { shape: shape.to_vec(), of: FLOAT, name: name.to_owned(), bytes }
    }

    pub(super) fn of_integers(name: &str, values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let length = values.len().try_into().unwrap();
        Self { shape: vec![length], of: INT64, name: name.to_owned(), bytes }
    }
}

#[cfg(test)]
impl Node {
    /// Of a standard operator, without attributes.
    pub(super) fn of(operator: &str, inputs: &[&str], output: &str) -> Self {
        let inputs = inputs.iter().map(|name| (*name).to_owned()).collect();
        let (operator, outputs) = (operator.to_owned(), vec![output.to_owned()]);
        Self { inputs, outputs, operator, ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, number: i64) -> Self {
        let (name, number) = (name.to_owned(), Some(number));
        self.attributes.push(Attribute { name, number, ..Attribute::default() });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(of: i32, shape: &[i64], bytes: &[u8]) -> Values {
        Values { shape: shape.to_vec(), of, name: "w".to_owned(), bytes: bytes.to_vec().into() }
    }

    #[test]
    fn values_are_read_by_their_type() {
        let one = values(FLOAT, &[1, 1], &[0, 0, 128, 63]);
        assert_eq!(one.floats().unwrap(), [1.0]);
        assert_eq!(values(FLOAT16, &[2], &[0, 60, 0, 192]).floats().unwrap(), [1.0, -2.0]);
        assert_eq!(
            values(INT64, &[1], &[254, 255, 255, 255, 255, 255, 255, 255]).integers().unwrap(),
            [-2]
        );
    }

    #[test]
    fn values_that_do_not_fit_their_shape_are_refused() {
        for wrong in [
            values(FLOAT, &[2], &[0, 0, 128, 63]),
            values(FLOAT, &[1], &[0, 0, 128, 63, 0]),
            values(FLOAT, &[-1], &[0, 0, 128, 63]),
            values(INT64, &[1], &[0, 0, 128, 63, 0, 0, 0, 0]),
        ] {
            let refused = wrong.floats().unwrap_err();
            assert!(matches!(refused, FileError::Values(name) if name == "w"));
        }
    }
}
