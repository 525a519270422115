// How far an import is, in a file to which a line is added, durably, for every step: after a kill
// the next run goes on there.
#pragma once

#include "base/status.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>

namespace logi::cli {

// One thread.
class ImportState {
  public:
    // `job` says what is imported to where. kFailedPrecondition if the file is of another job.
    static StatusOr<std::unique_ptr<ImportState>> open(const std::string& path,
                                                       const std::string& job);
    ~ImportState();
    ImportState(const ImportState&) = delete;
    ImportState& operator=(const ImportState&) = delete;

    // What was noted for the key last; null: nothing.
    [[nodiscard]] const std::string* find(const std::string& key) const;
    // kUnavailable if it cannot be written. The value has no line ends and no tabs.
    Status note(const std::string& key, const std::string& value);
    // The job is done.
    Status remove();
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    ImportState(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
    Status write(const std::string& line);

    const std::string path_;
    std::FILE* const file_;
    std::map<std::string, std::string> values_;
};

}  // namespace logi::cli
