#include "agent/positions/positions_file.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace logi::agent {
namespace {

constexpr absl::string_view kNumber = "# save ";

std::string folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

}  // namespace

StatusOr<std::optional<SavedPositions>> load_positions(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        return std::nullopt;
    }
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) {
        return absl::UnavailableError(path + ": cannot be read");
    }
    SavedPositions saved;
    if (absl::string_view(text.view().data(), text.view().size()).substr(0, kNumber.size()) ==
        kNumber) {
        const std::string line = text.str().substr(kNumber.size());
        if (!absl::SimpleAtoi(line.substr(0, line.find('\n')), &saved.number)) {
            saved.number = 0;
        }
    }
    try {
        const YAML::Node root = YAML::Load(text.str());
        if (root.IsNull()) {
            return saved;
        }
        for (const auto& item : root["positions"]) {
            saved.positions[item.first.as<std::string>()] = item.second.as<std::string>();
        }
    } catch (const YAML::Exception& e) {
        return absl::DataLossError(absl::StrCat(path, ": ", e.what()));
    }
    return saved;
}

Status save_positions(io::FileSystem& files, const std::string& path, const SavedPositions& saved) {
    YAML::Emitter out;
    out << YAML::BeginMap << YAML::Key << "positions" << YAML::Value << YAML::BeginMap;
    for (const auto& [key, value] : saved.positions) {
        out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
    }
    out << YAML::EndMap << YAML::EndMap << YAML::Newline;
    const std::string next = path + "-new";
    if (const Status removed = files.remove(next); !removed.ok() && !absl::IsNotFound(removed)) {
        return removed;
    }
    LOGI_ASSIGN_OR_RETURN(auto file, files.create(next));
    LOGI_RETURN_IF_ERROR(file->append(absl::StrCat(kNumber, saved.number, "\n", out.c_str())));
    LOGI_RETURN_IF_ERROR(file->sync());
    LOGI_RETURN_IF_ERROR(files.rename(next, path));
    return files.sync_dir(folder_of(path));
}

std::optional<std::uint64_t> position_of(const Positions& positions, const std::string& key) {
    const auto at = positions.find(key);
    std::uint64_t position = 0;
    return at != positions.end() && absl::SimpleAtoi(at->second, &position)
               ? std::optional<std::uint64_t>(position)
               : std::nullopt;
}

}  // namespace logi::agent
