#include "catalog/inspect.h"
#include "cli/commands.h"
#include "io/file_system.h"
#include "journal/inspect.h"
#include "segment/inspect.h"

#include <cstdio>

namespace logi::cli {
namespace {

class DiskFile final : public segment::SegmentFile {
  public:
    explicit DiskFile(std::shared_ptr<const io::ReadableFile> file) : file_(std::move(file)) {}
    [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        return file_->read(offset, length);
    }

  private:
    std::shared_ptr<const io::ReadableFile> file_;
};

Status dump_segment(io::FileSystem& files, const InspectOptions& options, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(auto file, files.open(options.path));
    LOGI_ASSIGN_OR_RETURN(
        const auto segment,
        segment::SegmentReader::open(std::make_shared<DiskFile>(std::move(file)), options.path));
    return segment::dump(*segment, {options.verify, options.templates}, out);
}

}  // namespace

int inspect_command(const InspectOptions& options) {
    const auto files = io::make_posix_file_system();
    std::string out;
    const Status status = options.kind == "segment"   ? dump_segment(*files, options, out)
                          : options.kind == "journal" ? journal::dump(*files, options.path, out)
                                                      : catalog::dump(*files, options.path, out);
    std::fputs(out.c_str(), stdout);
    if (!status.ok()) {
        std::fprintf(stderr, "logi: %s\n", std::string(status.message()).c_str());
        return 1;
    }
    return 0;
}

}  // namespace logi::cli
