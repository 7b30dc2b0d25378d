using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Models;

/// <summary>
/// Reads <c>config.json</c> of a model folder in Hugging Face layout. To add a family: 1. a reader beside
/// <see cref="Gpt2Config"/>, 2. its case here, 3. what it computes, as options of <see cref="TransformerConfig"/>, 4. where
/// its files keep the weights in <see cref="StoredLayout"/>, 5. a folder with reference numbers for the tests.
/// </summary>
public static class ConfigFile
{
    public const string Name = "config.json";

    /// <summary>Families that can be run.</summary>
    public static IReadOnlyList<string> SupportedFamilies { get; } = [Gpt2Config.Family, LlamaConfig.Llama, LlamaConfig.Gemma2];

    /// <exception cref="BadInputException">
    /// The file is missing or malformed, its family is not supported, or it asks for a computation that is not.
    /// </exception>
    public static TransformerConfig Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!Directory.Exists(folder))
            throw new BadInputException($"There is no model folder {folder}.");
        if (!File.Exists(path))
        {
            throw new BadInputException(
                $"{folder} is not a model folder: it has no {Name}.", "Give a folder in Hugging Face layout.");
        }

        JsonDocument document;
        try
        {
            document = JsonFile.Read(path);
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path} is not JSON: {e.Message}", inner: e);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new BadInputException($"{path} is not a JSON object.");
            var fields = new ConfigFields(document.RootElement, path);
            var family = fields.Text("model_type")
                ?? throw new BadInputException($"{path} has no model_type.", "It names the family, e.g. \"gpt2\".");
            return family switch
            {
                Gpt2Config.Family => Gpt2Config.Read(fields),
                LlamaConfig.Llama or LlamaConfig.Gemma2 => LlamaConfig.Read(fields, family),
                _ => throw new BadInputException(
                    $"{path}: family '{family}' is not supported (supported: {string.Join(", ", SupportedFamilies)})."),
            };
        }
    }
}
