// Compression of a shell's streams (MS-WSMV 3.1.4.1.31.6, 3.2.4.1.19): what Send and ReceiveResponse hold, and nothing
// else. creationXml, connectXml and a Command's Arguments are as they are. Both ends; pure.
#pragma once

#include "shell/messages.h"
#include "xpress/xpress.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace winrm::shell {

enum class compression { none, xpress };

/// Of header rsp:CompressionType.
inline constexpr base::bytes_view xpress_type = "xpress";
/// Unpacked octets of one Send, in envelopes of the service; more is refused before it is unpacked.
inline constexpr std::size_t send_expansion = 8;
/// Unpacked octets of one answer to Receive, in envelopes of the client. Other hosts may fill the envelope with what is
/// packed, and PowerShell's XML shrinks twentyfold; at worst 64 KiB come out of 260 octets.
inline constexpr std::size_t receive_expansion = 64;

/// @param type  "" = none  @return nullopt: no such compression is known
[[nodiscard]] std::optional<compression> read_compression_type(base::bytes_view type) noexcept;
/// For rsp:CompressionMode.
[[nodiscard]] base::bytes_view mode_name(compression c) noexcept;
/// Of a shell that exists. A mode of another name than Windows' is that of the one compression there is.
[[nodiscard]] compression read_mode(base::bytes_view mode) noexcept;

/// How much can be given to pack() where `octets` of its outcome have room, however little it shrinks.
[[nodiscard]] std::size_t unpacked_room(std::size_t octets) noexcept;

/// Packs what the blocks hold. @return what they view then
[[nodiscard]] std::vector<base::bytes> pack_blocks(compression how, std::span<outgoing_block> blocks);

/// The streams of one command, or of a shell itself, as a client receives them.
class stream_unpackers
{
public:
    /// Unpacks one answer's blocks in place.
    /// @param streams  the names there may be
    /// @param room  octets of all of it together
    /// @errors protocol, too_large: nothing can be read any further
    [[nodiscard]] result<void> unpack(std::vector<stream_block>& blocks, std::span<const std::string> streams,
                                      std::size_t room);
    /// False: what has come ends within a compressed block.
    [[nodiscard]] bool at_border() const noexcept;

private:
    std::map<std::string, xpress::unpacker> by_name_;
};

} // namespace winrm::shell
