//! Why a camera cannot be used, told apart by what a person can do about it.

/// Each prints as one line in plain words; [`CameraError::code`] is what programs compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    #[error("there is no camera")]
    NoCamera,
    #[error("the chosen camera is not connected")]
    NotFound,
    #[error("another program is using the camera")]
    Busy,
    #[error("no permission to use the camera")]
    Denied,
    #[error("the camera was unplugged")]
    Unplugged,
    #[error("the camera sends no usable pictures")]
    Stalled,
    /// With what it offers instead.
    #[error("the camera has no format that this program can use; it offers {0}")]
    Unsupported(String),
    #[error("the camera's driver failed: {0}")]
    Driver(String),
}

impl CameraError {
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCamera => "no_camera",
            Self::NotFound => "camera_not_found",
            Self::Busy => "camera_busy",
            Self::Denied => "camera_denied",
            Self::Unplugged => "camera_unplugged",
            Self::Stalled => "camera_stalled",
            Self::Unsupported(_) => "camera_unsupported",
            Self::Driver(_) => "camera_driver",
        }
    }

    /// Whether opening it again may succeed although nobody restarts or installs anything.
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::Unsupported(_))
    }
}

/// Errors of system calls on an open camera. `ENOENT` means that its node has gone.
impl From<std::io::Error> for CameraError {
    fn from(error: std::io::Error) -> Self {
        const EPERM: i32 = 1;
        const ENOENT: i32 = 2;
        const ENXIO: i32 = 6;
        const EACCES: i32 = 13;
        const EBUSY: i32 = 16;
        const ENODEV: i32 = 19;
        const ENOSPC: i32 = 28;
        match error.raw_os_error() {
            Some(EBUSY) => Self::Busy,
            Some(EPERM | EACCES) => Self::Denied,
            Some(ENODEV | ENXIO | ENOENT) => Self::Unplugged,
            // The text for ENOSPC speaks of disks; drivers of USB cameras mean the bus.
            Some(ENOSPC) => Self::Driver("too many devices share its USB connection".to_owned()),
            _ if error.kind() == std::io::ErrorKind::TimedOut => Self::Stalled,
            _ => Self::Driver(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn system_errors_are_told_apart() {
        for (number, code, retryable) in [
            (1, "camera_denied", true),
            (2, "camera_unplugged", true),
            (5, "camera_driver", true),
            (13, "camera_denied", true),
            (16, "camera_busy", true),
            (19, "camera_unplugged", true),
            (28, "camera_driver", true),
        ] {
            let error = CameraError::from(Error::from_raw_os_error(number));
            assert_eq!((error.code(), error.is_retryable()), (code, retryable), "errno {number}");
        }
        assert_eq!(CameraError::from(Error::from(ErrorKind::TimedOut)), CameraError::Stalled);
        assert!(!CameraError::Unsupported("H264".to_owned()).is_retryable());
    }
}
