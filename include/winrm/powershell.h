// PowerShell scripts on a host: what goes in, and what comes back one by one. client::run_script,
// example/05_script.cpp.
#pragma once

#include <winrm/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace winrm {

/// An object of PowerShell. Cheap to copy; never changes.
class script_value
{
public:
    script_value() = default; ///< $null
    script_value(bool b);
    script_value(int n); ///< System.Int32
    script_value(std::int64_t n);
    script_value(double n);
    script_value(std::string_view text); ///< UTF-8
    script_value(const std::string& text) : script_value(std::string_view(text)) {}
    script_value(const char* text) : script_value(std::string_view(text)) {}
    /// An object of JSON becomes one with those properties, an array an object[].
    /// @errors protocol: not JSON, and where
    static result<script_value> from_json(std::string_view json);

    /// One line: strings, numbers and booleans as they are, an object with its properties, an array for a collection,
    /// an enum by its name. Not reversible.
    [[nodiscard]] std::string json() const;
    /// One line that keeps types and everything else (doc/CLIXML.md): from_json() gives the same value.
    [[nodiscard]] std::string exact_json() const;
    /// As PowerShell would show it in a string.
    [[nodiscard]] std::string text() const;

    struct impl; ///< ours
    explicit script_value(std::shared_ptr<const impl> made) : impl_(std::move(made)) {}
    [[nodiscard]] const impl* get() const noexcept { return impl_.get(); }

private:
    std::shared_ptr<const impl> impl_;
};

enum class script_stream { output, error, warning, verbose, debug, information, progress };

struct script_record
{
    script_stream stream = script_stream::output;
    script_value value;  ///< the object, or the record of another stream with all it holds
    std::string message; ///< of other streams than output: its words
};

struct script_options
{
    std::vector<script_value> arguments;                          ///< $args
    std::vector<std::pair<std::string, script_value>> parameters; ///< of its param block
    std::vector<script_value> input;                              ///< into the pipeline: $input
    std::string configuration = "Microsoft.PowerShell";           ///< session configuration, or its whole URI
    bool is_command = false;                   ///< the text is the name of one command: what JEA endpoints demand
    bool compress = false;                     ///< what goes both ways, where the host can (MS-WSMV 3.2.4.1.19)
    std::chrono::milliseconds timeout{60'000}; ///< whole call; 0 = none. Then the script is ended: errc::timeout
};

struct script_output
{
    bool failed = false;                   ///< it ended by an error (throw, a parse error): `reason`
    std::string reason;                    ///< words of that error
    script_value reason_value;             ///< its ErrorRecord
    std::optional<std::int32_t> exit_code; ///< what `exit N` said
    std::uint64_t requests = 0;            ///< HTTP requests until the result was there (clean-up follows)
    std::chrono::milliseconds elapsed{0};
    /// A connection was lost while the host may have been answering with output: some may be missing.
    bool output_uncertain = false;
};

/// Called for each record, in order, from the loop.
using script_handler = std::function<void(const script_record&)>;

} // namespace winrm
