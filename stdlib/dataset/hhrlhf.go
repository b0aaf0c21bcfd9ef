package dataset

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
)

// hhCommit is the commit of github.com/anthropics/hh-rlhf whose files are
// fetched, and hhFiles their checksums: what the repository's Git LFS pointers
// say, and the ids of the two files that are plain git objects there.
const hhCommit = "354e5c3cb8960630860dd5774a6ac2a58313bf4d"

type hhFile struct {
	name, sha256, gitBlob string
}

var hhFiles = []hhFile{
	{name: "harmless-base/test.jsonl.gz", gitBlob: "a616e6a27660ded23c5ce0e585a3e4cf0d761f0e"},
	{name: "harmless-base/train.jsonl.gz", gitBlob: "df7c90b1bbd6093bda9c996e8aab9a46fa557dcf"},
	{name: "helpful-base/test.jsonl.gz", sha256: "8be3fc1a13b27901631696f2be6f184c799f1baeaf145f53ac5db24960adc37b"},
	{name: "helpful-base/train.jsonl.gz", sha256: "518a5bf288456fc9f3b7c980c54116fba0c52f274d3f4d344675d83e4058f6f4"},
	{name: "helpful-online/test.jsonl.gz", sha256: "39a475cc7e0df972902f8e3a0972726fce826ac65369bda8c671de4330c60a10"},
	{name: "helpful-online/train.jsonl.gz", sha256: "0994d18b82083f5c084ce04071b683958a724df8c7215ab1d851986642d36a2a"},
	{name: "helpful-rejection-sampled/test.jsonl.gz", sha256: "abc35dbc56015db1dae0faa484514ccbc3eee0133bfcd557fc69250619b028bb"},
	{name: "helpful-rejection-sampled/train.jsonl.gz", sha256: "0cea2d2ab2187624ec1314e8cc6fb579f0fa987b3a33e8102b7556ed4d255f64"},
}

// HHParts are the parts of HH-RLHF that DownloadHH knows.
func HHParts() []string {
	return []string{"harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled"}
}

// DownloadHH fetches a split ("train" or "test") of parts of HH-RLHF (all of
// HHParts when none is named) into folder/part/split.jsonl.gz, and gives the
// paths, for Load. The text is licensed MIT by Anthropic and contains offensive
// material. What is there and right is not fetched again; the checksums of o are
// not used.
func DownloadHH(ctx context.Context, folder, split string, o DownloadOptions, parts ...string) ([]string, error) {
	if len(parts) == 0 {
		parts = HHParts()
	}
	var paths []string
	for _, part := range parts {
		f, err := findHH(path.Join(part, split+".jsonl.gz"))
		if err != nil {
			return paths, err
		}
		to := filepath.Join(folder, filepath.FromSlash(f.name))
		o.SHA256, o.GitBlob = f.sha256, f.gitBlob
		if err := Download(ctx, f.url(), to, o); err != nil {
			return paths, err
		}
		paths = append(paths, to)
	}
	return paths, nil
}

func findHH(name string) (hhFile, error) {
	for _, f := range hhFiles {
		if f.name == name {
			return f, nil
		}
	}
	return hhFile{}, fmt.Errorf("dataset: HH-RLHF has no file %s; its parts are %q, its splits train and test", name, HHParts())
}

// url is where GitHub serves the file: files of Git LFS have a host of their own.
func (f hhFile) url() string {
	host := "https://raw.githubusercontent.com/anthropics/hh-rlhf/"
	if f.sha256 != "" {
		host = "https://media.githubusercontent.com/media/anthropics/hh-rlhf/"
	}
	return host + hhCommit + "/" + f.name
}
