package dataset

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"divvy/stdlib/display"
)

// DownloadOptions of Download. The zero value is good for most.
type DownloadOptions struct {
	// SHA256 of the file, in hexadecimal; a file with another is refused.
	SHA256 string
	// GitBlob is the file's object id in a git repository, in hexadecimal, for
	// files whose SHA-256 nobody published; a file with another is refused.
	GitBlob string
	// Attempts is how often a broken connection is taken up again, 5 by default.
	Attempts int
	// Client makes the requests; http.DefaultClient by default.
	Client *http.Client
	// Progress, when set, is called now and then with the number of bytes there
	// are and of all bytes (0 when the server does not say). Without one a notebook
	// shows a bar when the download takes more than a second.
	Progress func(done, total int64)
	// wait is how long to wait before an attempt; a test makes it short.
	wait time.Duration
}

// ErrChecksum is in the error of a file that is not what it should be.
var ErrChecksum = errors.New("checksum does not match")

// Download fetches a file to path. What a broken download left behind, path
// with ".part" appended, is continued where it ends, if the server still has the
// same file. The file appears under its name when it is complete and its
// checksum is right. A file that is there already and right is not fetched.
func Download(ctx context.Context, url, path string, o DownloadOptions) error {
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.wait == 0 {
		o.wait = time.Second
	}
	if o.Progress == nil {
		o.Progress = display.AutoFunc("Downloading "+filepath.Base(path), "bytes")
	}
	if _, err := os.Stat(path); err == nil {
		if err := o.verify(path); err == nil {
			return nil
		} else if !errors.Is(err, ErrChecksum) {
			return fmt.Errorf("dataset: %s: %w", path, err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("dataset: downloading to %s: %w", path, err)
	}
	part := path + ".part"
	var err error
	for attempt := range o.Attempts {
		if attempt > 0 {
			select {
			case <-time.After(o.wait << (attempt - 1)):
			case <-ctx.Done():
			}
		}
		var again bool
		if again, err = o.fetch(ctx, url, part); err == nil || !again || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("dataset: downloading %s: %w", url, err)
	}
	if err := o.verify(part); err != nil {
		os.Remove(part) // continuing it would only repeat the fault
		os.Remove(part + ".tag")
		return fmt.Errorf("dataset: %s: %w", url, err)
	}
	os.Remove(part + ".tag")
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("dataset: downloading %s: %w", url, err)
	}
	return nil
}

// fetch makes one request for what part still lacks. again says whether another
// attempt could help.
func (o *DownloadOptions) fetch(ctx context.Context, url, part string) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	have := int64(0)
	tag, tagErr := os.ReadFile(part + ".tag")
	if info, err := os.Stat(part); err == nil && tagErr == nil && len(tag) > 0 {
		have = info.Size()
	}
	if have > 0 {
		// If-Range: the rest, if the file is still that of the tag, else all.
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		request.Header.Set("If-Range", string(tag))
	}
	// Without this Go asks for gzip and undoes it: the bytes would not be the file's.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := o.Client.Do(request)
	if err != nil {
		return true, err
	}
	defer response.Body.Close()
	flags := os.O_WRONLY | os.O_CREATE
	switch response.StatusCode {
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", have); !strings.HasPrefix(response.Header.Get("Content-Range"), want) {
			os.Remove(part)
			return true, fmt.Errorf("asked for bytes from %d, the server sent %q", have, response.Header.Get("Content-Range"))
		}
		flags |= os.O_APPEND
	case http.StatusOK:
		have = 0
		flags |= os.O_TRUNC
	case http.StatusRequestedRangeNotSatisfiable:
		// There is nothing behind what we have, or the server has another file.
		if response.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", have) {
			return false, nil
		}
		os.Remove(part)
		return true, fmt.Errorf("the server answered %s", response.Status)
	default:
		return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests, fmt.Errorf("the server answered %s", response.Status)
	}
	if err := os.WriteFile(part+".tag", []byte(strongTag(response)), 0o644); err != nil {
		return false, err
	}
	f, err := os.OpenFile(part, flags, 0o644)
	if err != nil {
		return false, err
	}
	total := int64(0)
	if response.ContentLength >= 0 {
		total = have + response.ContentLength
	}
	body := &counter{r: response.Body, ctx: ctx, report: o.Progress, done: have, total: total}
	n, err := io.Copy(f, body)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil && total > 0 && have+n != total {
		err = io.ErrUnexpectedEOF
	}
	return true, err
}

// strongTag is what If-Range may name: an ETag that is not weak, else the time
// of the last change.
func strongTag(r *http.Response) string {
	if tag := r.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return r.Header.Get("Last-Modified")
}

// verify compares a file with the checksums.
func (o *DownloadOptions) verify(path string) error {
	check := func(want string, h hash.Hash, prefix string) error {
		if want == "" {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		io.WriteString(h, prefix)
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, want) {
			return fmt.Errorf("%w: it is %s, want %s", ErrChecksum, got, want)
		}
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := check(o.SHA256, sha256.New(), ""); err != nil {
		return err
	}
	return check(o.GitBlob, sha1.New(), fmt.Sprintf("blob %d\x00", info.Size()))
}
