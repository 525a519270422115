#include "catalog/inspect.h"
#include "cli/commands.h"
#include "cli/fail.h"
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

Status dump_segment(io::FileSystem& files, const InspectArgs& args, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(auto file, files.open(args.path));
    LOGI_ASSIGN_OR_RETURN(
        const auto segment,
        segment::SegmentReader::open(std::make_shared<DiskFile>(std::move(file)), args.path));
    return segment::dump(*segment, args.segment, out);
}

}  // namespace

int inspect_command(const InspectArgs& args) {
    const auto files = io::make_posix_file_system();
    std::string out;
    const Status status = args.kind == "segment"   ? dump_segment(*files, args, out)
                          : args.kind == "journal" ? journal::dump(*files, args.path, out)
                                                   : catalog::dump(*files, args.path, out);
    std::fputs(out.c_str(), stdout);
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
