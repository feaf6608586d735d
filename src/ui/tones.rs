//! The two sounds, made when they are due. Pure: numbers in, numbers out.
//!
//! Calm on purpose: two soft tones with a slow attack, in the range where small loudspeakers are
//! good. Falling for "come back", rising and quieter for "seen again": told apart without words.

use std::f64::consts::PI;
use std::time::Duration;

/// Samples a second, one channel.
pub const RATE: u32 = 48_000;
/// How long a tone swells and fades.
const EDGE: f64 = 0.04;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// The candidate is to come back.
    Warning,
    /// The candidate is seen again.
    Back,
}

/// Pitch in hertz, length and loudness of one tone.
struct Tone {
    pitch: f64,
    seconds: f64,
    peak: f64,
}

impl Sound {
    const fn tones(self) -> [Tone; 2] {
        match self {
            Self::Warning => [
                Tone { pitch: 880.0, seconds: 0.28, peak: 0.5 },
                Tone { pitch: 659.3, seconds: 0.42, peak: 0.5 },
            ],
            Self::Back => [
                Tone { pitch: 659.3, seconds: 0.16, peak: 0.25 },
                Tone { pitch: 880.0, seconds: 0.28, peak: 0.25 },
            ],
        }
    }

    pub fn duration(self) -> Duration {
        Duration::from_millis(self.tones().iter().map(|tone| (tone.seconds * 1e3) as u64).sum())
    }
}

/// The sound, -1 to 1.
pub fn samples(sound: Sound) -> Vec<f32> {
    sound.tones().iter().flat_map(tone).collect()
}

/// A tone with a little of its octave, so that it is heard on loudspeakers without depth.
fn tone(tone: &Tone) -> impl Iterator<Item = f32> + use<> {
    let Tone { pitch, seconds, peak } = *tone;
    let count = (seconds * f64::from(RATE)) as u32;
    (0..count).map(move |index| {
        let at = f64::from(index) / f64::from(RATE);
        let left = f64::from(count - 1 - index) / f64::from(RATE);
        let swell = |time: f64| (PI / 2.0 * (time / EDGE).min(1.0)).sin().powi(2);
        let fades = (-2.0 * at / seconds).exp();
        let wave = (2.0 * PI * pitch * at).sin() + 0.25 * (4.0 * PI * pitch * at).sin();
        (peak * swell(at) * swell(left) * fades * wave / 1.25) as f32
    })
}

/// The sound as a WAV file: 16 bits, one channel.
pub fn wav(sound: Sound) -> Vec<u8> {
    let data: Vec<u8> = samples(sound)
        .into_iter()
        .flat_map(|sample| ((sample * f32::from(i16::MAX)) as i16).to_le_bytes())
        .collect();
    let length = data.len() as u32;
    let mut file = Vec::with_capacity(44 + data.len());
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend([1, 0, 1, 0]);
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    // Two bytes a sample of 16 bits.
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(data);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Sound; 2] = [Sound::Warning, Sound::Back];

    fn loudest(samples: &[f32]) -> f32 {
        samples.iter().fold(0.0, |most, sample| most.max(sample.abs()))
    }

    /// How strongly a pitch is in it (Goertzel), by the length.
    fn strength(samples: &[f32], pitch: f64) -> f64 {
        let turn = 2.0 * PI * pitch / f64::from(RATE);
        let (mut re, mut im) = (0.0, 0.0);
        for (sample, index) in samples.iter().zip(0_u32..) {
            let angle = turn * f64::from(index);
            re += f64::from(*sample) * angle.cos();
            im += f64::from(*sample) * angle.sin();
        }
        re.hypot(im) / samples.len() as f64
    }

    #[test]
    fn a_sound_does_not_clip_and_begins_and_ends_in_silence() {
        for sound in BOTH {
            let samples = samples(sound);
            let (first, last) = (samples[0], samples[samples.len() - 1]);
            assert!(first.abs() < 1e-4 && last.abs() < 1e-4, "{sound:?}: {first} {last}");
            assert!((0.1..0.8).contains(&loudest(&samples)), "{sound:?}: {}", loudest(&samples));
            // No click within: the next sample is never far away.
            let jump = samples.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
            assert!(jump < 0.12, "{sound:?}: {jump}");
        }
        let [warning, back] = BOTH.map(|sound| loudest(&samples(sound)));
        assert!(back < 0.7 * warning, "the good news is softer");
    }

    #[test]
    fn a_sound_is_short_and_as_long_as_it_says() {
        for sound in BOTH {
            let seconds = samples(sound).len() as f64 / f64::from(RATE);
            assert!((seconds - sound.duration().as_secs_f64()).abs() < 0.001, "{sound:?}");
            assert!((0.3..1.0).contains(&seconds), "{sound:?}: {seconds}");
        }
    }

    #[test]
    fn the_warning_falls_and_the_other_rises() {
        for (sound, falls) in [(Sound::Warning, true), (Sound::Back, false)] {
            let samples = samples(sound);
            let half = &samples[..samples.len() / 3];
            assert_eq!(strength(half, 880.0) > strength(half, 659.3), falls, "{sound:?}");
        }
    }

    #[test]
    fn the_file_is_a_wav_of_the_same_length() {
        let (file, samples) = (wav(Sound::Warning), samples(Sound::Warning));
        assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!(file.len(), 44 + 2 * samples.len());
        let length = u32::from_le_bytes(file[40..44].try_into().unwrap());
        assert_eq!(length as usize, 2 * samples.len());
    }
}
