// drop, keep, decolorize.
#include "fields/decolorize.h"
#include "stages.h"

namespace logi::reference {
namespace {

bool matches(const logql::NameOrMatcher& item, const EntryLabels& labels) {
    return !item.matcher.has_value() ||
           item.matcher->matches(labels.get_with_error(item.name).value_or(""));
}

bool always_kept(const std::string& name) {
    return name == kError || name == kErrorDetails || name == kPreserveError;
}

}  // namespace

Stage make_drop(const logql::DropStage& stage) {
    return [items = stage.items](Line& line) {
        for (const auto& item : items) {
            if (matches(item, line.labels)) {
                line.labels.remove(item.name);
            }
        }
        return true;
    };
}

Stage make_keep(const logql::KeepStage& stage) {
    return [items = stage.items](Line& line) {
        for (const auto& [name, value] : line.labels.all()) {
            bool kept = always_kept(name);
            for (const auto& item : items) {
                kept = kept || (item.name == name && matches(item, line.labels));
            }
            if (!kept) {
                line.labels.remove(name);
            }
        }
        return true;
    };
}

Stage make_decolorize() {
    return [](Line& line) {
        std::string buffer;
        line.text = std::string(fields::decolorize(line.text, buffer));
        return true;
    };
}

}  // namespace logi::reference
