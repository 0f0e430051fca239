// The line grammar of PowerShell's out-of-process transport: what `pwsh -SSHServerMode` speaks on its stdin and stdout.
// One packet a line, XML-like, UTF-8. Pure.
//
//   <Data Stream='Default' PSGuid='00000000-0000-0000-0000-000000000000'>base64</Data>
//   <Command PSGuid='…' />   and DataAck, CommandAck, Close, CloseAck, Signal, SignalAck alike
#pragma once

#include "base/bytes.h"
#include "base/uuid.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace winrm::psrp {

enum class packet_kind : std::uint8_t { data, data_ack, command, command_ack, close, close_ack, signal, signal_ack };
enum class packet_stream : std::uint8_t { normal, prompt_response }; ///< "Default", "PromptResponse"

struct packet
{
    packet_kind kind = packet_kind::data;
    base::uuid guid{};                            ///< of the pipeline; all zeros = the session (runspace pool)
    packet_stream stream = packet_stream::normal; ///< data only
    base::bytes bytes{};                          ///< data only: PSRP fragments, whole or in parts; never empty
    friend bool operator==(const packet&, const packet&) = default;
};

[[nodiscard]] constexpr bool is_ack(packet_kind k) noexcept { return (static_cast<unsigned>(k) & 1U) != 0; }

/// Appends the packet as one line with its LF. Precondition: a data packet has bytes.
void write(const packet& p, std::string& out);
[[nodiscard]] std::string write(const packet& p);

/// A line that is no packet.
struct other_line
{
    enum class kind : std::uint8_t {
        empty,     ///< ends a server that reads it
        error,     ///< PowerShell's "__NamedPipeError__:…": `text` is what follows the colon
        malformed, ///< anything else
        too_long   ///< more than the reader allows; told once, nothing is read any more
    };
    kind what = kind::malformed;
    std::string text{}; ///< the first 512 bytes
};

/// Cuts a stream into lines and reads them. Holds at most one line that is not whole, of `max_line` octets.
class out_of_proc_reader
{
public:
    explicit out_of_proc_reader(std::size_t max_line = 4 * 1024 * 1024) : max_line_(max_line) {}

    /// Bytes in pieces of any size; lines end with LF or CR LF.
    void received(base::bytes_view bytes);
    /// The next line; nullopt = none is whole now.
    [[nodiscard]] std::optional<std::variant<packet, other_line>> poll();
    /// Bytes of lines not yet polled.
    [[nodiscard]] std::size_t held() const noexcept { return buffer_.size() - at_; }

private:
    std::size_t max_line_;
    std::string buffer_;
    std::size_t at_ = 0, scanned_ = 0;
    bool broken_ = false;
};

/// One line without its end.
[[nodiscard]] std::variant<packet, other_line> read_line(base::bytes_view line);

} // namespace winrm::psrp
