// What can go wrong, as a value: a code to branch on and words to read. Std only; part of the public interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace winrm {

/// Who is to blame, and so what a caller may do about it.
enum class error_origin {
    usage,     ///< the caller: wrong argument, refused by policy, cancelled
    transport, ///< name, route, TLS, time, a connection that broke
    protocol,  ///< the peer broke the rules, or is no WS-Management service at all
    fault      ///< the peer understood and said no: error::fault() has its words
};

/// Whether the host can have acted upon a request that failed. The lowest layer that knows says it; what may be asked
/// again is decided by this alone.
enum class delivery {
    not_sent, ///< nothing of it can have reached the host: no connection could be made, or it was never written
    refused,  ///< the host said no before it did anything: another request, or the same after a new login, may follow
    unknown   ///< it may have been carried out: ask again only what may happen twice
};

/// What may help, where that is known: for programs to branch on and to group by. Our messages do not name it, since
/// the words depend on who reads them (an option of a tool, a field of a form); the names of members are this
/// library's.
enum class remedy {
    none,                    ///< the message says all there is
    trust_certificate,       ///< if it is the right one: save the host's own certificate, client_options::ca_file
    trust_issuer,            ///< if it is the right one: the certificate of its authority, client_options::ca_file
    renew_ca_file,           ///< the authority may have a new certificate: client_options::ca_file
    trust_for_ntlm,          ///< https; or client_options::trusted_for_ntlm where the network itself is safe
    use_tls,                 ///< https; or client_options::allow_unencrypted where the network itself is safe
    leave_password_out,      ///< of the target's text; it belongs into credentials
    raise_connect_timeout,   ///< client_options::connect_timeout
    raise_operation_timeout, ///< client_options::operation_timeout
    raise_timeout,           ///< run_options::timeout
    check_port,              ///< another service may listen there, or a proxy answer; the answer itself tells
    read_answer,             ///< a proxy may have answered, for the host has answered properly before
    list_shells              ///< a shell or command may be left on the host
};

/// Spelling of a remedy, e.g. "raise_timeout". Static storage.
[[nodiscard]] std::string_view name(remedy what) noexcept;

/// Where in a message the words of a remedy fit.
struct remedy_place
{
    remedy what;
    std::size_t at; ///< octets of error::message() before them
};

/// Stable codes; `name()` gives the spelling used in JSON output and in documentation.
enum class errc {
    // usage
    bad_argument,
    bad_target,
    bad_config,
    no_credentials,
    unencrypted_refused,
    output_limit,
    cancelled,
    internal,
    // transport
    unresolved,
    connect,
    tls,
    certificate,
    connection_lost,
    answer_cut, ///< the connection broke within an answer: what the host said is lost
    timeout,
    // protocol
    not_wsman,
    http_status,
    protocol,
    too_large,
    login_denied,
    login_not_offered,
    // fault
    fault
};

/// Spelling of a code, e.g. "login_denied". Static storage.
[[nodiscard]] std::string_view name(errc code) noexcept;
[[nodiscard]] error_origin origin_of(errc code) noexcept;

/// The host's own words when it refuses (MS-WSMV 2.2.4.43 WSManFault). Text is unedited: escape before showing.
struct fault_info
{
    std::uint32_t code = 0; ///< WSManFault/@Code, else MSFT_WmiError error_Code; 0 = the host gave none
    std::string role;       ///< local name of soap Code/Value: "Sender", "Receiver", "MustUnderstand", …
    std::string subcode;    ///< prefix of our table + local name: "w:TimedOut", "a:ActionNotSupported"
    std::string reason;     ///< soap Reason/Text
    std::string message;    ///< f:Message, provider's text included
    std::string machine;    ///< WSManFault/@Machine
    std::string detail;     ///< w:FaultDetail URI
};

/// One way of logging in that was tried, or could not be.
struct login_attempt
{
    std::string mechanism; ///< "Kerberos", "NTLM", "Basic"
    std::string cause;     ///< to branch on and to group by: "wrong_password", "no_kdc", "clock_skew", …
    std::string sentence;  ///< the same as one plain sentence of ours
    std::string detail;    ///< a library's own words, often ""
};

class error
{
public:
    error(errc code, std::string message);
    error(errc code, std::string message, fault_info fault);

    [[nodiscard]] errc code() const noexcept { return code_; }
    [[nodiscard]] error_origin origin() const noexcept { return origin_of(code_); }
    /// Our words: one plain sentence without host name prefix and without anything the peer sent.
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    /// The peer's words (first line of an HTML page, alert text…), raw; empty if it said nothing.
    [[nodiscard]] const std::string& peer_text() const noexcept { return peer_text_; }
    /// Set exactly when origin() is fault.  Lives as long as this error.
    [[nodiscard]] const fault_info* fault() const noexcept { return fault_.get(); }
    /// HTTP status that carried it, 0 if none.
    [[nodiscard]] int http_status() const noexcept { return http_status_; }
    /// Login schemes that the host offered with its 401 ("Negotiate", "Basic"), as it spelt them and in its order:
    /// escape before showing. Empty unless code() is login_denied or login_not_offered.
    [[nodiscard]] const std::vector<std::string>& offered() const noexcept { return offered_; }

    /// Of a login that failed: what was tried, in order. Empty where no way of logging in got that far.
    [[nodiscard]] const std::vector<login_attempt>& tried() const noexcept { return tried_; }

    /// What is known of the request that failed like this; unknown where nothing was said.
    [[nodiscard]] enum delivery delivery() const noexcept { return delivery_; }

    /// The first of remedies(): what would have helped against this failure.
    [[nodiscard]] enum remedy remedy() const noexcept;
    /// All of them, by their places in message(), from front to back. A caller that puts words for each there, from the
    /// back to the front, has whole sentences.
    [[nodiscard]] const std::vector<remedy_place>& remedies() const noexcept { return remedies_; }

    /// The same error under another code, in a longer sentence: before + message() + after. All the rest stays; so this
    /// is the way to pass an error on in other words.
    error& with_message(errc code, std::string_view before, std::string_view after) &;
    error&& with_message(errc code, std::string_view before, std::string_view after) &&;
    /// The same with more words at the end.
    error& with_more(std::string_view after) &;
    error&& with_more(std::string_view after) &&;
    /// Its words fit where the message ends now.
    error& with_remedy(enum remedy what) &;
    error&& with_remedy(enum remedy what) &&;
    error& with_peer_text(std::string text) &;
    error&& with_peer_text(std::string text) &&;
    error&& with_http_status(int status) &&;
    error& with_http_status(int status) &;
    error& with_delivery(enum delivery how) & noexcept;
    error&& with_delivery(enum delivery how) && noexcept;
    error& with_offered(std::vector<std::string> schemes) &;
    error&& with_offered(std::vector<std::string> schemes) &&;
    error& with_tried(std::vector<login_attempt> attempts) &;
    error&& with_tried(std::vector<login_attempt> attempts) &&;

private:
    errc code_;
    enum delivery delivery_ = delivery::unknown;
    int http_status_ = 0;
    std::string message_;
    std::string peer_text_;
    std::vector<std::string> offered_;
    std::vector<login_attempt> tried_;
    std::vector<remedy_place> remedies_;
    std::shared_ptr<const fault_info> fault_;
};

/// One line: our message, then the peer's words with control characters escaped.
std::ostream& operator<<(std::ostream& out, const error& e);
[[nodiscard]] std::string to_string(const error& e);

} // namespace winrm
