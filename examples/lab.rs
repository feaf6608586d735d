use inview::{
    capture::{FrameSource, file},
    detector::{Detector, onnx},
    pipeline::Pipeline,
    presence::{Change, Policy},
    replay::*,
    report::*,
};
use std::io::Write;
fn main() {
    let models = onnx::Models::load().unwrap();
    for p in std::env::args().skip(1) {
        let path = std::path::PathBuf::from(&p);
        let name = path.file_name().unwrap().to_string_lossy().to_string();
        let mut src = match file::open(&path) {
            Ok(s) => s,
            Err(e) => {
                println!("{name}: {e}");
                continue;
            }
        };
        let d = onnx::Onnx::with(models.clone());
        let s = SessionId::derived(&[name.as_bytes()]);
        let policy = Policy::default();
        let origin = Origin {
            recording: name.clone(),
            sha256: Hash::ZERO,
            session_id: s,
            info: src.info().clone(),
            policy: policy.clone(),
            models: d.models().to_vec(),
        };
        let mut pl = Pipeline::new(d, policy, move |n| IntervalId::derived(s, n));
        let mut tr = std::io::BufWriter::new(
            std::fs::File::create(format!("/tmp/lab/out/{name}.trace")).unwrap(),
        );
        let mut closed = vec![];
        let t = std::time::Instant::now();
        let mut tally = |c: &Vec<Change>, closed: &mut Vec<Interval>| {
            for c in c {
                if let Change::Closed(i) = c {
                    closed.push(i.clone())
                }
            }
        };
        let end = run(&mut *src, &mut pl, |sa, _| {
            tally(&sa.changes, &mut closed);
            serde_json::to_writer(&mut tr, &TraceLine::new(&name, sa)).unwrap();
            writeln!(tr).unwrap();
            std::ops::ControlFlow::Continue(())
        });
        let end = match end {
            Ok(e) => e,
            Err(e) => {
                println!("{name}: {e}");
                continue;
            }
        };
        tally(&end.changes, &mut closed);
        let doc = Document::new(origin, &end, pl.sampled(), &closed);
        println!(
            "{name} {:?} {:.1}s {} frames, {:.1}x",
            doc.status,
            doc.duration_s,
            doc.frames,
            doc.duration_s / t.elapsed().as_secs_f64()
        );
        std::fs::write(
            format!("/tmp/lab/out/{name}.json"),
            serde_json::to_vec_pretty(&doc).unwrap(),
        )
        .unwrap();
    }
}
