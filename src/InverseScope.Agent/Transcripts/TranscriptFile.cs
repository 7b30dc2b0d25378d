using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using InverseScope.Core;

namespace InverseScope.Agent.Transcripts;

/// <summary>A transcript as a file of lines, each an entry in JSON, that only grows.</summary>
public sealed class TranscriptFile : ITranscript, IDisposable
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _lock = new();
    private readonly FileStream _file;

    /// <param name="path">Is made if it is not there, and continued if it is; a last line that was not written to its end goes.</param>
    /// <exception cref="BadInputException">It cannot be written.</exception>
    public TranscriptFile(string path)
    {
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            _file.SetLength(EndOfLastLine(_file));
            _file.Seek(0, SeekOrigin.End);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"The transcript '{path}' cannot be written: {e.Message}", null, e);
        }
    }

    /// <summary>An entry as JSON on one line.</summary>
    public static string Write(TranscriptEntry entry) => JsonSerializer.Serialize(entry, Options);

    /// <summary>The entry in a line that <see cref="Write"/> made.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static TranscriptEntry Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<TranscriptEntry>(line, Options) ?? throw new FormatException("this is no entry.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"this is no entry: {e.Message}", e);
        }
    }

    /// <summary>All entries of a file. A last line that was not written to its end is left out.</summary>
    /// <exception cref="BadInputException">It cannot be read, or a line is no entry.</exception>
    public static IReadOnlyList<TranscriptEntry> Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"The transcript '{path}' cannot be read: {e.Message}", null, e);
        }

        var entries = new List<TranscriptEntry>();
        foreach (var (index, line) in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Index())
        {
            try
            {
                entries.Add(Parse(line));
            }
            catch (FormatException e)
            {
                throw new BadInputException($"{path}({index + 1},1): {e.Message}", null, e);
            }
        }

        return entries;
    }

    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public void Add(TranscriptEntry entry)
    {
        var line = Encoding.UTF8.GetBytes(Write(entry) + "\n");
        try
        {
            lock (_lock)
            {
                _file.Write(line);
                _file.Flush();
            }
        }
        catch (IOException e)
        {
            throw new OutsideServiceException($"The transcript '{_file.Name}' cannot be written: {e.Message}", e);
        }
    }

    public void Dispose() => _file.Dispose();

    private static long EndOfLastLine(FileStream file)
    {
        for (var end = file.Length; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.ReadByte() == '\n')
                return end;
        }

        return 0;
    }
}
