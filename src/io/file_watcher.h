// Tells when files and folders change (inotify), so that nobody needs to poll them.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logi::io {

// A watch ends by itself when what it watches is gone for good; its number is not used again by the
// same watcher. Thread-safe.
class FileWatcher {
  public:
    struct Report {
        std::vector<int> changed;  // watches, each once
        // Whether a file has another name, or one less or more.
        bool names_changed = false;
        // More happened than the kernel kept: anything may have changed.
        bool overflow = false;
    };
    // Called on a thread of the watcher, which must not be held up for long. Reports come at least
    // `pause` apart: what happens meanwhile comes in the next one.
    using OnReport = std::function<void(Report)>;
    static StatusOr<std::unique_ptr<FileWatcher>> start(Duration pause, OnReport on_report);
    virtual ~FileWatcher() = default;

    // The open file `fd`, whatever its name is by now: written, cut, renamed or removed. Watching
    // the same file again gives the same number. kResourceExhausted past the system's limit.
    virtual StatusOr<int> watch_file(int fd) = 0;
    // Names that come and go in a folder. kNotFound if there is none.
    virtual StatusOr<int> watch_dir(const std::string& dir) = 0;
    virtual void forget(int watch) = 0;
};

}  // namespace logi::io
