// geoip: labels of where an address is, or whose it is, out of a MaxMind database.
#include "absl/strings/str_cat.h"
#include "agent/stages/options.h"
#include "wire/json_text.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace logi::agent {
namespace {

// One label and where its value is; -1 is the last of a list.
struct Field {
    const char* label;
    std::array<const char*, 5> path;  // ends with null
};

constexpr std::array<Field, 10> kCityFields = {{
    {"geoip_city_name", {"city", "names", "en"}},
    {"geoip_country_name", {"country", "names", "en"}},
    {"geoip_continent_name", {"continent", "names", "en"}},
    {"geoip_continent_code", {"continent", "code"}},
    {"geoip_postal_code", {"postal", "code"}},
    {"geoip_timezone", {"location", "time_zone"}},
    {"geoip_location_latitude", {"location", "latitude"}},
    {"geoip_location_longitude", {"location", "longitude"}},
    {"geoip_subdivision_name", {"subdivisions", "-1", "names", "en"}},
    {"geoip_subdivision_code", {"subdivisions", "-1", "iso_code"}},
}};
constexpr std::array<Field, 4> kCountryFields = {{
    {"geoip_country_name", {"country", "names", "en"}},
    {"geoip_country_code", {"country", "iso_code"}},
    {"geoip_continent_name", {"continent", "names", "en"}},
    {"geoip_continent_code", {"continent", "code"}},
}};
constexpr std::array<Field, 2> kAsnFields = {{
    {"geoip_autonomous_system_number", {"autonomous_system_number"}},
    {"geoip_autonomous_system_organization", {"autonomous_system_organization"}},
}};

// An open database; safe from any thread.
class Database {
  public:
    // The error is libmaxminddb's.
    static std::shared_ptr<const Database> open(const std::string& path, std::string& error) {
        auto database = std::shared_ptr<Database>(new Database);
        const int result = ::MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database->db_);
        if (result != MMDB_SUCCESS) {
            error = ::MMDB_strerror(result);
            return nullptr;
        }
        database->open_ = true;
        return database;
    }
    ~Database() {
        if (open_) {
            ::MMDB_close(&db_);
        }
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Nothing: `address` is none, or is not in there.
    [[nodiscard]] std::optional<MMDB_entry_s> find(const std::string& address) const {
        sockaddr_storage storage{};
        auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
        if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
            v4->sin_family = AF_INET;
        } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
            v6->sin6_family = AF_INET6;
        } else {
            return std::nullopt;
        }
        int error = MMDB_SUCCESS;
        MMDB_lookup_result_s found =
            ::MMDB_lookup_sockaddr(&db_, reinterpret_cast<const sockaddr*>(&storage), &error);
        return error == MMDB_SUCCESS && found.found_entry ? std::optional(found.entry)
                                                          : std::nullopt;
    }

  private:
    Database() = default;
    MMDB_s db_{};
    bool open_ = false;
};

struct GeoipOptions {
    std::string path;
    std::string source;
    std::shared_ptr<const Database> database;
    absl::Span<const Field> fields;
};

// As text; empty: it is not there.
std::string value_of(MMDB_entry_s& entry, const Field& field) {
    MMDB_entry_data_s data{};
    if (::MMDB_aget_value(&entry, &data, field.path.data()) != MMDB_SUCCESS || !data.has_data) {
        return "";
    }
    switch (data.type) {
        case MMDB_DATA_TYPE_UTF8_STRING:
            return {data.utf8_string, data.data_size};
        case MMDB_DATA_TYPE_DOUBLE:
            return wire::format_sample(data.double_value);
        case MMDB_DATA_TYPE_UINT32:
            return data.uint32 == 0 ? "" : std::to_string(data.uint32);
        default:
            return "";
    }
}

class GeoipStage final : public Stage {
  public:
    GeoipStage(std::shared_ptr<const GeoipOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto address = entry.extracted.find(options_->source);
        auto found =
            address.has_value() ? options_->database->find(std::string(*address)) : std::nullopt;
        if (found.has_value()) {
            for (const Field& field : options_->fields) {
                if (const std::string value = value_of(*found, field); !value.empty()) {
                    entry.labels.set(field.label, value);
                }
            }
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const GeoipOptions> options_;
};

}  // namespace

StageMaker read_geoip_stage(const YAML::Node& options) {
    GeoipOptions o;
    std::string type;
    config::read_keys(options,
                      "the stage 'geoip'",
                      {{"db", config::set(o.path)},
                       {"source", config::set(o.source)},
                       {"db_type", config::set(type)}});
    if (o.path.empty() || o.source.empty()) {
        config::refuse(options, "the stage 'geoip' needs a db and a source");
    }
    if (type == "city") {
        o.fields = kCityFields;
    } else if (type == "asn") {
        o.fields = kAsnFields;
    } else if (type == "country") {
        o.fields = kCountryFields;
    } else {
        config::refuse(options, "the db_type of the stage 'geoip' is city, country or asn");
    }
    std::string error;
    o.database = Database::open(o.path, error);
    if (o.database == nullptr) {
        config::refuse(options, absl::StrCat("the stage 'geoip': ", o.path, ": ", error));
    }
    return maker_of<GeoipStage>(std::move(o));
}

}  // namespace logi::agent
