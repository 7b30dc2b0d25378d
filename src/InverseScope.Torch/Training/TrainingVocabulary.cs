using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Training;

/// <summary>
/// A vocabulary made for one task: every piece that occurs in its lexicons and in a survey of its texts. Whole words,
/// unless no text has white space; then characters.
/// </summary>
internal sealed class TrainingVocabulary
{
    private const string Begin = "<begin>";
    private const string End = "<end>";
    private const int SurveyTexts = 50_000;
    private const int MostPieces = 65_536;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly TokenUnit _unit;

    /// <exception cref="BadInputException">More pieces than a small model can have.</exception>
    public TrainingVocabulary(ITask task)
    {
        var texts = Survey(task);
        _unit = texts.Exists(t => t.Any(char.IsWhiteSpace)) ? TokenUnit.Word : TokenUnit.Character;
        var pieces = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var text in texts.Concat(task.Lexicons.Values.SelectMany(l => l)))
        {
            var length = 0;
            foreach (var range in VocabularyTokenizer.Split(text, _unit))
            {
                pieces.Add(text[range]);
                length++;
            }

            LongestText = Math.Max(LongestText, length);
        }

        if (pieces.Count > MostPieces)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has more than {MostPieces:N0} different {(_unit == TokenUnit.Word ? "words" : "characters")}.",
                "A model this small cannot be trained on it.");
        }

        foreach (var token in new[] { Begin, End }.Concat(pieces))
            _ids.Add(token, _ids.Count);
        Tokenizer = new VocabularyTokenizer(_ids, _unit, new TokenizerConfig(null, Begin, End, End, AddsBegin: true));
    }

    public ITokenizer Tokenizer { get; }

    /// <summary>Most tokens of a text in the survey, without begin and end.</summary>
    public int LongestText { get; }

    public int Size => _ids.Count;

    public int BeginId => _ids[Begin];

    public int EndId => _ids[End];

    /// <summary>Identity of the list of tokens.</summary>
    public string Fingerprint => ContentHash.Of([_unit.ToString(), .. _ids.Keys]);

    /// <summary>Writes vocab.json and tokenizer_config.json.</summary>
    public void Write(string folder)
    {
        var options = new JsonSerializerOptions
        {
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        var tokens = new JsonObject(_ids.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)i.Value)));
        File.WriteAllText(Path.Combine(folder, "vocab.json"), tokens.ToJsonString(options) + "\n");
        var config = new JsonObject
        {
            ["tokenizer_class"] = _unit == TokenUnit.Word ? "word-level" : "char-level",
            ["bos_token"] = Begin,
            ["eos_token"] = End,
            ["pad_token"] = End,
            ["padding_side"] = "right",
            ["add_bos_token"] = true,
        };
        File.WriteAllText(Path.Combine(folder, TokenizerConfig.FileName), config.ToJsonString(options) + "\n");
    }

    // With the answer, which may hold words that no prompt has.
    private static List<string> Survey(ITask task)
    {
        var random = new RunSeed(0).Stream("vocabulary");
        var all = task.Count is <= SurveyTexts;
        return [.. Enumerable.Range(0, all ? (int)task.Count!.Value : SurveyTexts)
            .Select(i => TrainingTexts.WithAnswer(task, all ? task.TextAt(i) : task.Draw(random)).Text)];
    }
}
