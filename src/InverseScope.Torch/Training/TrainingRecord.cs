using System.Text.Encodings.Web;
using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Training;

/// <summary>How a model was made and what it can do: <c>training.json</c> in its folder.</summary>
public sealed record TrainingRecord
{
    public const string FileName = "training.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Command line that makes the model again.</summary>
    public required string Command { get; init; }

    public required string Task { get; init; }

    /// <summary>The task's fingerprint; another one means that the task has changed since.</summary>
    public required string TaskFingerprint { get; init; }

    public required TrainingOptions Options { get; init; }

    /// <summary>Measurement on held-out texts at the end.</summary>
    public required AnswerAccuracy HeldOut { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Threads that each tensor operation used; sums, hence the last digits of weights, depend on them.</summary>
    public required int Threads { get; init; }

    /// <summary>Time that the steps took, resumed parts not counted.</summary>
    public required double Seconds { get; init; }

    /// <exception cref="BadInputException">Missing or malformed.</exception>
    public static TrainingRecord Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<TrainingRecord>(File.ReadAllBytes(path), Json)
                ?? throw new BadInputException($"{path} is empty.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be read: {e.Message}", inner: e);
        }
    }

    public void Write(string folder) =>
        File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
}
